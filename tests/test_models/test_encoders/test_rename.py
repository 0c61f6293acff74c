"""Rules on names: the first that matches, at the beginning only."""

import re

from mmdet_mal.models.encoders.rename import rename

NOTHING = re.compile('(?!)')


def test_first_matching_rule_applies_alone():
    rules = ((r'a\.', 'b.'), (r'b\.', 'c.'))
    assert rename({'a.x': 1, 'b.x': 2}, rules, NOTHING) == {'b.x': 1, 'c.x': 2}


def test_rules_match_the_beginning_only():
    assert rename({'x.a.': 1}, ((r'a\.', 'b.'), ), NOTHING) == {'x.a.': 1}


def test_unused_names_are_left_out():
    assert rename({'head.a': 1, 'a.head': 2}, (),
                  re.compile(r'head\.')) == {'a.head': 2}
