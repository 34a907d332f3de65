import json

import pytest

from kmseg.errors import UserError
from kmseg.legends.files import read_palette

ROAD_CAR = [("road", [128, 64, 128]), ("car", [0, 0, 142])]
FORMS = {
    "name,r,g,b": "name,r,g,b\nroad,128,64,128\ncar,0,0,142\n",
    "class_dict.csv with a column more": "name,r,g,b,class_11\nroad,128,64,128,road\ncar,0,0,142,vehicle\n",
    "spreadsheet": "\ufeffid, Name ,R,G,B\r\n0, road ,128.0,64,128\r\n1,car,0,0,142\r\n",
    "CVAT labelmap.txt": "# label:color_rgb:parts:actions\nroad:128,64,128::\ncar:0,0,142::\n",
    "VOC labelmap with parts": "road:128,64,128:lane,kerb:drive\ncar:0,0,142::\n",
    "CamVid label_colors.txt": "128 64 128 road\n0 0 142\tcar\n",
    "Datumaro": json.dumps(
        {"label_map": {"0": "road", "1": "car"}, "segmentation_colors": [[128, 64, 128], [0, 0, 142]]}
    ),
    "FiftyOne": '{"#804080": "road", "#00008E": "car"}',
    "mmsegmentation": '{"classes": ["road", "car"], "palette": [[128, 64, 128], [0, 0, 142]]}',
    "names to colors": '{"road": [128, 64, 128], "car": [0, 0, 142]}',
    "names to hex": '{"road": "#804080", "car": "00008e"}',
    "list of objects": '[{"name": "road", "color": "#804080"}, {"name": "car", "color": [0, 0, 142]}]',
}


def written(tmp_path, text):
    path = tmp_path / "legend.any"
    path.write_text(text)
    return path


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_one_legend_is_read_alike_whatever_the_file_is_called(tmp_path, form):
    palette = read_palette(written(tmp_path, FORMS[form]))
    assert list(zip(palette.names, palette.colors.tolist(), strict=True)) == ROAD_CAR


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name,r,g\na,1,2\n", "no column 'b'"),
        ("name,r,g,b\na,1,2,300\n", "line 2: b is '300'.*0 to 255"),
        ("name,r,g,b\na,1,2,-1\n", "'-1'"),
        ("name,r,g,b\na,1,2,\n", "line 2: b is ''"),
        ("name,r,g,b\na,1,2,nan\n", "'nan'"),
        ("name,r,g,b\na,1,2,inf\n", "'inf'"),
        ("name,r,g,b\n,1,2,3\n", "line 2: the name is empty"),
        ("name,r,g,b\n", "no rows"),
        ("", "no column 'name'"),
        ("name,r,g,b\na,0.5,0.25,0\nb,1,1,1\n", "go from 0 to 1; multiply them by 255"),
        ("road:128,64:a:b\n", "line 1: '128,64'; expected red, green and blue"),
        ("128 64 128 road\n1 2\n", "line 2: '1 2'"),
        ('{"road": [1, 2]}', r"'road': \[1, 2\]; expected \[r, g, b\]"),
        ('{"road": "blue"}', "'road' 'blue'; expected hex"),
        ('{"0": "road", "1": "car"}', "no colors"),
        ('{"classes": ["a"], "palette": []}', "not as many names as colors"),
        ('{"a": ', "begins like JSON but is not"),
        ("[1, 2]", "another form"),
    ],
)
def test_a_legend_that_cannot_be_meant_is_refused_in_one_sentence(tmp_path, text, says):
    with pytest.raises(UserError, match=says):
        read_palette(written(tmp_path, text))
