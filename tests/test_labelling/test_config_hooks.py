from mmengine.config import Config

from mmdet_mal.labelling.config_hooks import LABEL_HOOK, find_hook


def test_a_hook_is_found_wherever_it_stands():
    # A config may set a default hook to None, which drops it.
    for hooks in (dict(custom_hooks=[dict(type='x'), dict(type=LABEL_HOOK, a=1)]),
                  dict(default_hooks=dict(logger=None,
                                          label=dict(type=LABEL_HOOK, a=1)))):
        config = Config(hooks)
        hook = find_hook(config, LABEL_HOOK)
        assert hook['a'] == 1
        hook['a'] = 2  # the config's own, not a copy
        assert find_hook(config, LABEL_HOOK)['a'] == 2


def test_no_hook_is_none():
    assert find_hook(Config(dict(custom_hooks=[dict(type='x')])), LABEL_HOOK) is None
    assert find_hook(Config(), LABEL_HOOK) is None
