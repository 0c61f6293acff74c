"""CSV of several shapes."""

import pytest

from mmdet_mal.formats import Tally, read_boxes
from mmdet_mal.formats.csv_columns import split_columns
from mmdet_mal.utils.errors import UserError

# As TensorFlow's tutorials have it: width and height are those of the image.
TENSORFLOW = ('filename,width,height,class,xmin,ymin,xmax,ymax\n'
              'a.jpg,200,100,dog,10,20,40,60\nb.jpg,50,60,cat,0,0,50,60\n')
FOUND = [('a.jpg', 'dog', 10, 20, 30, 40), ('b.jpg', 'cat', 0, 0, 50, 60)]


@pytest.mark.parametrize('text, options', [
    (TENSORFLOW, dict(box_format='xyxy')),
    (TENSORFLOW.replace(',', ';'), dict(box_format='xyxy')),
    ('\ufeff' + TENSORFLOW.replace(',', '\t').replace('\n', '\r\n'),
     dict(box_format='xyxy')),
    # Kaggle: all four numbers in one column.
    ('image_id,width,height,bbox,source,label\n'
     'a.jpg,200,100,"[10.0, 20.0, 30.0, 40.0]",x,dog\n'
     'b.jpg,50,60,"[0, 0, 50, 60]",x,cat\n', dict(box_format='xywh')),
    ('image,image_width,image_height,label,x,y,w,h\n'
     'a.jpg,200,100,dog,10,20,30,40\nb.jpg,50,60,cat,0,0,50,60\n',
     dict(box_format='xywh')),
    ('image,img_w,img_h,label,xcenter,ycenter,width,height\n'
     'a.jpg,200,100,dog,.125,.4,.15,.4\nb.jpg,50,60,cat,.5,.5,1,1\n',
     dict(box_format='cxcywhn')),
    # Without a header, columns by number.
    ('a.jpg,10,20,40,60,dog,200,100\nb.jpg,0,0,50,60,cat,50,60\n',
     dict(box_format='xyxy', columns=split_columns(
         'image=1,x1=2,y1=3,x2=4,y2=5,label=6,image_width=7,image_height=8'))),
    ('Bild,Breite,Hoehe,Art,l,o,r,u\n'
     'a.jpg,200,100,dog,10,20,40,60\nb.jpg,50,60,cat,0,0,50,60\n',
     dict(box_format='xyxy', columns=split_columns(
         'image=Bild, image_width=Breite,image_height=Hoehe,label=Art,'
         'x1=l,y1=o,x2=r,y2=u')))],
    ids=['tensorflow', 'semicolon', 'tab and bom', 'kaggle', 'xywh', 'fractions',
         'no header', 'named'])
def test_the_shapes_that_csv_has(write, boxes, text, options):
    assert boxes(read_boxes(str(write('x.csv', text)), **options)) == FOUND


def test_sizes_come_from_the_images(write, tmp_path, photo, boxes):
    photo(tmp_path / 'photos' / 'a.jpg', (200, 100))
    path = write('x.csv', 'image,class,confidence,x1,y1,x2,y2\n'
                 'a.jpg,dog,.75,10,20,40,60\na.jpg,dog,.25,1,2,4,6\n')
    data = read_boxes(str(path), str(tmp_path / 'photos'), box_format='xyxy',
                      min_box_score=.5)
    assert boxes(data) == FOUND[:1] and data['annotations'][0]['box_score'] == .75


def test_an_image_without_a_box_stays(write):
    path = write('x.csv', TENSORFLOW + 'c.jpg,9,9,,,,,\n')
    tally = Tally()
    data = read_boxes(str(path), box_format='xyxy', tally=tally)
    assert len(data['images']) == 3 and len(data['annotations']) == 2
    assert '1 lines name an image and no box' in str(tally)


def test_one_class_needs_no_column(write):
    path = write('x.csv', 'image,image_width,image_height,x,y,w,h\na,9,9,1,1,2,2\n')
    data = read_boxes(str(path), box_format='xywh', classes=['cell'])
    assert data['categories'] == [dict(id=1, name='cell')]
    with pytest.raises(UserError, match='line 2: names no class'):
        read_boxes(str(path), box_format='xywh')


@pytest.mark.parametrize('text, options, words', [
    (TENSORFLOW, {}, 'say what its numbers are with --box-format'),
    (TENSORFLOW, dict(box_format='xyxyn'), r'line 2: box .* is in pixels'),
    (TENSORFLOW.replace('40,60', '4,60'), dict(box_format='xyxy'),
     'line 2: corners .* run backwards'),
    (TENSORFLOW.replace('40,60', '40'), dict(box_format='xyxy'),
     "line 2: a coordinate is ''"),
    (TENSORFLOW.replace('b.jpg', ''), dict(box_format='xyxy'),
     'line 3: names no image'),
    (TENSORFLOW.replace('10,20', '"10,5",20'), dict(box_format='xyxy'),
     "line 2: a coordinate is '10,5'"),
    (TENSORFLOW, dict(box_format='xyxy', columns=dict(image='photo')),
     r"no column 'photo' \(--columns image=\)"),
    (TENSORFLOW, dict(box_format='xyxy', columns=dict(picture='filename')),
     "'picture' is not known"),
    ('a,b\n1,2\n', dict(box_format='xyxy'), 'no column found for image, x1, y1'),
    ('', dict(box_format='xyxy'), 'no column found'),
    ('image,class,bbox,width,height\na,x,[1 2 3],9,9\n', dict(box_format='xywh'),
     'line 2: the box has 3 numbers')])
def test_a_faulty_file_is_named(write, text, options, words):
    with pytest.raises(UserError, match=words):
        read_boxes(str(write('x.csv', text)), **options)


def test_bytes_that_are_no_text_are_named(tmp_path):
    (tmp_path / 'x.csv').write_bytes(b'image,class\n\xff\xfe\x00,1\n')
    with pytest.raises(UserError, match='x.csv: cannot be read as CSV in UTF-8'):
        read_boxes(str(tmp_path / 'x.csv'), box_format='xyxy')
