"""PASCAL VOC XML."""

import pytest

from mmdet_mal.formats import READERS, Tally, read_boxes
from mmdet_mal.utils.errors import UserError

# As VOC2012 writes it, with a part and an object that is hard to see.
REAL = """<annotation>
	<folder>VOC2012</folder>
	<filename>2007_000027.jpg</filename>
	<source>
		<database>The VOC2007 Database</database>
		<annotation>PASCAL VOC2007</annotation>
		<image>flickr</image>
	</source>
	<size>
		<width>486</width>
		<height>500</height>
		<depth>3</depth>
	</size>
	<segmented>0</segmented>
	<object>
		<name>person</name>
		<pose>Unspecified</pose>
		<truncated>0</truncated>
		<difficult>0</difficult>
		<bndbox>
			<xmin>174</xmin>
			<ymin>101</ymin>
			<xmax>349</xmax>
			<ymax>351</ymax>
		</bndbox>
		<part>
			<name>head</name>
			<bndbox>
				<xmin>169</xmin>
				<ymin>104</ymin>
				<xmax>209</xmax>
				<ymax>146</ymax>
			</bndbox>
		</part>
	</object>
	<object>
		<name>chair</name>
		<difficult>1</difficult>
		<bndbox>
			<ymax>500</ymax>
			<ymin>1</ymin>
			<xmax>486</xmax>
			<xmin>1</xmin>
		</bndbox>
	</object>
</annotation>
"""
# As LabelImg writes it.
OTHER = """<annotation verified="yes"><folder>x</folder><filename>{name}</filename>
<path>/home/me/x/a.jpg</path><size><width>20</width><height>10</height>
<depth>3</depth></size><object><name>cat</name><bndbox><xmin>{left}</xmin>
<ymin>2</ymin><xmax>20</xmax><ymax>10</ymax></bndbox></object></annotation>"""


def test_corners_of_voc_count_from_one_and_include_both_ends(write, tmp_path):
    write('VOC/Annotations/2007_000027.xml', REAL)
    tally = Tally()
    data = read_boxes(str(tmp_path / 'VOC'), tally=tally)
    assert data['images'] == [
        dict(id=1, file_name='2007_000027.jpg', width=486, height=500)]
    assert [entry['name'] for entry in data['categories']] == ['chair', 'person']
    person, chair = data['annotations']
    assert person['bbox'] == [173, 100, 176, 251]
    assert chair['bbox'] == [0, 0, 486, 500] and chair['difficult'] == 1
    assert 'corners of boxes are taken as pixels' in str(tally)


def test_a_zero_shows_that_edges_are_meant(write, tmp_path):
    write('a.xml', OTHER.format(name='a.jpg', left=0))
    write('b.xml', OTHER.format(name='b.jpg', left=1))
    data = read_boxes(str(tmp_path))
    assert [entry['bbox'] for entry in data['annotations']] == [
        [0, 2, 20, 8], [1, 2, 19, 8]]
    data = read_boxes(str(tmp_path), corners='pixels')
    assert data['annotations'][1]['bbox'] == [0, 1, 20, 9]


def test_equal_names_in_several_folders_stay_apart(write, tmp_path, photo, boxes):
    for part, left in (('p', 3), ('q', 5)):
        write(f'xml/{part}/a.xml', OTHER.format(name='a.jpg', left=left))
        photo(tmp_path / 'photos' / part / 'a.jpg', (20, 10))
    found = boxes(read_boxes(str(tmp_path / 'xml'), str(tmp_path / 'photos')))
    assert found == [('p/a.jpg', 'cat', 2, 1, 18, 9), ('q/a.jpg', 'cat', 4, 1, 16, 9)]
    assert boxes(read_boxes(str(tmp_path / 'xml'))) == found


def test_the_name_of_the_file_helps_where_its_filename_is_wrong(write, tmp_path,
                                                                 photo):
    write('xml/a.xml', OTHER.format(name='renamed', left=3))
    photo(tmp_path / 'photos' / 'a.png', (20, 10))
    data = read_boxes(str(tmp_path / 'xml'), str(tmp_path / 'photos'))
    assert data['images'][0]['file_name'] == 'a.png'


def test_boxes_of_a_turned_picture_are_turned_back(write, tmp_path, photo):
    write('xml/a.xml', OTHER.format(name='a.jpg', left=3))
    photo(tmp_path / 'photos' / 'a.jpg', (10, 20), orientation=6)
    data = read_boxes(str(tmp_path / 'xml'), str(tmp_path / 'photos'),
                      corners='edges')
    assert (data['images'][0]['width'], data['images'][0]['height']) == (10, 20)
    # Shown: x 3 to 20, y 2 to 10; stored: x = y shown, y = 20 - x shown.
    assert data['annotations'][0]['bbox'] == [2, 0, 8, 17]


def test_a_split_is_read_alone(write, tmp_path):
    for name in 'ab':
        write(f'Annotations/{name}.xml', OTHER.format(name=f'{name}.jpg', left=3))
    write('ImageSets/Main/train.txt', 'b\n')
    write('ImageSets/Main/val.txt', 'a  1\nz -1\n')
    data = read_boxes(str(tmp_path), split='train')
    assert [entry['file_name'] for entry in data['images']] == ['b.jpg']
    with pytest.raises(UserError, match='1 images of the split val have no XML file'):
        read_boxes(str(tmp_path), split='val')
    with pytest.raises(UserError, match='no such list.*there is train, val'):
        read_boxes(str(tmp_path), split='test')


def test_objects_without_a_box_are_counted(write, tmp_path):
    text = OTHER.format(name='a.jpg', left=3).replace('bndbox', 'robndbox')
    tally = Tally()
    data = read_boxes(str(write('a.xml', text)), tally=tally)
    assert data['annotations'] == [] and '1 objects have no <bndbox>' in str(tally)


@pytest.mark.parametrize('text, words', [
    (OTHER.format(name='a.jpg', left='left'), "a.xml: object 1: xmin is 'left'"),
    (OTHER.format(name='a.jpg', left=30), 'object 1: its box runs backwards'),
    (OTHER.format(name='a.jpg', left=3).replace('<name>cat</name>', ''),
     'object 1: has no <name>'),
    (OTHER[:150], 'a.xml: is not valid XML'),
    ('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + OTHER.format(
        name='&x;', left=3), 'has a document type or entities'),
    (OTHER.format(name='', left=3), 'has no <filename>; give the folder')])
def test_a_faulty_file_is_named(write, text, words):
    path = write('a.xml', text)
    with pytest.raises(UserError, match=words):
        read_boxes(str(path), format='voc')


def test_entities_do_not_fill_the_memory(write):
    bomb = '<!DOCTYPE a [<!ENTITY a0 "ha">' + ''.join(
        f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 12)) + ']>'
    path = write('a.xml', bomb + '<annotation>&a11;</annotation>')
    with pytest.raises(UserError, match='document type'):
        READERS['voc'].read(str(path), None, Tally())


def test_an_empty_folder_is_named(tmp_path):
    with pytest.raises(UserError, match='no XML file in it'):
        read_boxes(str(tmp_path), format='voc')
