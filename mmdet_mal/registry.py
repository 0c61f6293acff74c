"""Registries of the plugin, children of MMEngine's root registries.

The scope is ``mmdet_mal``.  A config that names ``type='mmdet_mal.X'`` makes
MMEngine import this module and then the locations below, so no further
``custom_imports`` is needed.
"""

from mmengine.registry import DATA_SAMPLERS as MMENGINE_DATA_SAMPLERS
from mmengine.registry import DATASETS as MMENGINE_DATASETS
from mmengine.registry import FUNCTIONS as MMENGINE_FUNCTIONS
from mmengine.registry import HOOKS as MMENGINE_HOOKS
from mmengine.registry import INFERENCERS as MMENGINE_INFERENCERS
from mmengine.registry import LOOPS as MMENGINE_LOOPS
from mmengine.registry import METRICS as MMENGINE_METRICS
from mmengine.registry import MODELS as MMENGINE_MODELS
from mmengine.registry import \
    OPTIM_WRAPPER_CONSTRUCTORS as MMENGINE_OPTIM_WRAPPER_CONSTRUCTORS
from mmengine.registry import OPTIM_WRAPPERS as MMENGINE_OPTIM_WRAPPERS
from mmengine.registry import TRANSFORMS as MMENGINE_TRANSFORMS
from mmengine.registry import Registry

_SCOPE = 'mmdet_mal'

DATASETS = Registry(
    'dataset', parent=MMENGINE_DATASETS, scope=_SCOPE,
    locations=['mmdet_mal.datasets'])
DATA_SAMPLERS = Registry(
    'data sampler', parent=MMENGINE_DATA_SAMPLERS, scope=_SCOPE,
    locations=['mmdet_mal.datasets.samplers'])
TRANSFORMS = Registry(
    'transform', parent=MMENGINE_TRANSFORMS, scope=_SCOPE,
    locations=['mmdet_mal.datasets.transforms'])
FUNCTIONS = Registry(
    'function', parent=MMENGINE_FUNCTIONS, scope=_SCOPE,
    locations=['mmdet_mal.datasets'])
MODELS = Registry(
    'model', parent=MMENGINE_MODELS, scope=_SCOPE,
    locations=['mmdet_mal.models'])
HOOKS = Registry(
    'hook', parent=MMENGINE_HOOKS, scope=_SCOPE,
    locations=['mmdet_mal.engine.hooks'])
METRICS = Registry(
    'metric', parent=MMENGINE_METRICS, scope=_SCOPE,
    locations=['mmdet_mal.evaluation'])
LOOPS = Registry(
    'loop', parent=MMENGINE_LOOPS, scope=_SCOPE,
    locations=['mmdet_mal.engine.loops'])
OPTIM_WRAPPERS = Registry(
    'optimizer wrapper', parent=MMENGINE_OPTIM_WRAPPERS, scope=_SCOPE,
    locations=['mmdet_mal.engine.optim_wrapper'])
OPTIM_WRAPPER_CONSTRUCTORS = Registry(
    'optimizer wrapper constructor',
    parent=MMENGINE_OPTIM_WRAPPER_CONSTRUCTORS,
    scope=_SCOPE,
    locations=['mmdet_mal.engine.student_optim'])
INFERENCERS = Registry(
    'inferencer', parent=MMENGINE_INFERENCERS, scope=_SCOPE,
    locations=['mmdet_mal.inferencer'])
