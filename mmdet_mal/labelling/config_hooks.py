"""The hooks that a config names."""

from mmengine.config import Config

LABEL_HOOK = 'mmdet_mal.PseudoLabelHook'


def find_hook(config: Config, hook_type: str) -> dict | None:
    """Return the settings of a config's first hook of a type, None without one.

    Args:
        config: the whole config; what is changed in the settings is changed
            in it.
        hook_type: as the config names it.
    """
    hooks = [*config.get('custom_hooks', []),
             *config.get('default_hooks', {}).values()]
    for hook in hooks:
        if hook is not None and hook['type'] == hook_type:
            return hook
    return None
