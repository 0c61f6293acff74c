"""CVAT for images 1.1."""

import pytest

from mmdet_mal.formats import Tally, read_boxes
from mmdet_mal.utils.errors import UserError

# As CVAT 2 exports a task, shortened.
XML = """<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta>
    <task>
      <id>4</id>
      <name>street</name>
      <size>2</size>
      <mode>annotation</mode>
      <labels>
        <label>
          <name>truck</name>
          <color>#fa3253</color>
          <type>any</type>
          <attributes>
          </attributes>
        </label>
        <label>
          <name>car &amp; van</name>
          <attributes>
            <attribute>
              <name>parked</name>
              <mutable>False</mutable>
              <input_type>checkbox</input_type>
              <default_value>false</default_value>
              <values></values>
            </attribute>
          </attributes>
        </label>
      </labels>
    </task>
    <dumped>2024-05-13 10:00:00+00:00</dumped>
  </meta>
  <image id="0" name="day/a.jpg" width="200" height="100">
    <box label="car &amp; van" source="manual" occluded="0" xtl="10.00" ytl="20.50" xbr="40.00" ybr="60.50" z_order="0">
      <attribute name="parked">true</attribute>
    </box>
    %s
  </image>
  <image id="1" name="night/a.jpg" width="200" height="100">
  </image>
</annotations>
"""  # noqa: E501
SHAPES = """
    <polygon label="truck" source="manual" occluded="0" points="1.00,2.00;9.00,4.00;5.00,8.00" z_order="0"></polygon>
    <mask label="truck" source="manual" occluded="0" rle="3, 5, 7, 5" left="50" top="60" width="5" height="4" z_order="0"></mask>
    <ellipse label="truck" source="manual" occluded="0" cx="100" cy="50" rx="10" ry="5" rotation="90.0" z_order="0"></ellipse>
    <polyline label="truck" source="manual" occluded="0" points="1,2;9,4" z_order="0"></polyline>
"""  # noqa: E501
ROTATED = ('<box label="truck" occluded="0" source="manual" xtl="20" ytl="10" '
           'xbr="40" ybr="20" rotation="90" z_order="0"></box>')


def test_boxes_labels_and_images_without_boxes(write, boxes):
    tally = Tally()
    data = read_boxes(str(write('annotations.xml', XML % SHAPES)), tally=tally)
    assert boxes(data) == [('day/a.jpg', 'car & van', 10, 20.5, 30, 40)]
    assert [entry['name'] for entry in data['categories']] == ['truck', 'car & van']
    assert [entry['file_name'] for entry in data['images']] == [
        'day/a.jpg', 'night/a.jpg']
    assert "1 masks are no boxes and are left out" in str(tally)
    assert "1 shapes of the kind 'polyline' are left out" in str(tally)


def test_bounds_of_shapes_with_an_area(write, boxes):
    data = read_boxes(str(write('x.xml', XML % SHAPES)), shapes='bounds')
    assert [found[2:] for found in boxes(data) if found[1] == 'truck'] == [
        (1, 2, 8, 6), (50, 60, 5, 4), (95, 40, 10, 20)]


def test_a_rotated_box_is_refused_or_bounded(write, boxes):
    path = str(write('x.xml', XML % ROTATED))
    with pytest.raises(UserError, match='day/a.jpg: shape 2: this box is rotated by '
                       '90 degrees'):
        read_boxes(path)
    tally = Tally()
    data = read_boxes(path, shapes='bounds', tally=tally)
    # About its centre (30, 15): 20 x 10 becomes 10 x 20.
    assert boxes(data)[1] == ('day/a.jpg', 'truck', 25, 5, 10, 20)
    assert '1 rotated boxes are taken by their bounds' in str(tally)


@pytest.mark.parametrize('text, words', [
    (XML[:-40] % '', 'x.xml: is not valid XML'),
    ((XML % '').replace('xtl="10.00"', 'xtl="a"'), "shape 1: xtl is 'a'"),
    ((XML % '').replace('xtl="10.00"', ''), 'shape 1: xtl is None'),
    ((XML % '').replace('xtl="10.00"', 'xtl="90"'), 'its box runs backwards'),
    ((XML % '').replace('label="car &amp; van"', 'label="bus"'),
     "class 'bus' is not among"),
    ('<annotations><track id="0"></track></annotations>', 'tracks of a video'),
    ('<annotations></annotations>', 'no <image> in it'),
    ('<!DOCTYPE a [<!ENTITY x "y">]>' + (XML % '')[39:], 'document type')])
def test_a_faulty_file_is_named(write, text, words):
    with pytest.raises(UserError, match=words):
        read_boxes(str(write('x.xml', text)), format='cvat')
