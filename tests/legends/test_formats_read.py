import json

import pytest

from kmseg.errors import UserError
from kmseg.legends.formats import read_legend, read_palette
from tests.conftest import COLORS

ROAD_CAR = [("road", [128, 64, 128]), ("car", [0, 0, 142])]
FORMS = {
    "name,r,g,b": "name,r,g,b\nroad,128,64,128\ncar,0,0,142\n",
    "class_dict.csv with a column more": "name,r,g,b,class_11\nroad,128,64,128,road\ncar,0,0,142,vehicle\n",
    "spreadsheet": "\ufeffid, Name ,R,G,B\r\n0, road ,128.0,64,128\r\n1,car,0,0,142\r\n",
    "CSV of a spreadsheet that writes semicolons": "name;r;g;b\nroad;128;64;128\ncar;0;0;142\n",
    "CVAT labelmap.txt": "# label:color_rgb:parts:actions\nroad:128,64,128::\ncar:0,0,142::\n",
    "VOC labelmap with parts": "road:128,64,128:lane,kerb:drive\ncar:0,0,142::\n",
    "CamVid label_colors.txt": "128 64 128 road\n0 0 142\tcar\n",
    "Datumaro": json.dumps(
        {"label_map": {"0": "road", "1": "car"}, "segmentation_colors": [[128, 64, 128], [0, 0, 142]]}
    ),
    "Datumaro, ids in another order": json.dumps(
        {
            "labels": ["road", "car", "sky"],
            "label_map": {"1": "car", "0": "road"},
            "segmentation_colors": [[128, 64, 128], [0, 0, 142]],
        }
    ),
    "FiftyOne": '{"#804080": "road", "#00008E": "car"}',
    "mmsegmentation": '{"classes": ["road", "car"], "palette": [[128, 64, 128], [0, 0, 142]]}',
    "mmsegmentation 1 in Python": '''
import mmseg
from mmseg.registry import DATASETS

@DATASETS.register_module()
class RoadDataset(BaseSegDataset):
    """classes = many."""

    METAINFO = dict(classes=("road", "car"), palette=[[128, 64, 128], [0, 0, 142]])
''',
    "mmsegmentation 0 in Python": 'CLASSES = ("road", "car")\nPALETTE = [[128, 64, 128], [0, 0, 142]]\n',
    "config of mmsegmentation": """
data_root = "data/"
classes = ["road", "car"]
palette = [(128, 64, 128), (0, 0, 142)]
train_dataloader = dict(dataset=dict(metainfo=dict(classes=classes, palette=palette)))
""",
    "Python's dict": "{'classes': ('road', 'car'), 'palette': [(128, 64, 128), (0, 0, 142)]}",
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
        ("", "is empty and has no rows"),
        ("name,r,g,b\na,0.5,0.25,0\nb,1,1,1\n", "go from 0 to 1; multiply them by 255"),
        ("road:128,64:a:b\n", "line 1: '128,64'; expected red, green and blue"),
        ("128 64 128 road\n1 2\n", "line 2: '1 2'"),
        ('{"road": [1, 2]}', r"'road': \[1, 2\]; expected \[r, g, b\]"),
        ('{"road": "blue"}', "'road' 'blue'; expected hex"),
        ('{"0": "road", "999": "car"}', "ids up to 999 but no colors"),
        ("name,r,g,b\na,1,0,0\nb,0,1,0\n", "go from 0 to 1"),
        ('{"a": [1.0, 0.0, 0.0], "b": [0.0, 0.0, 1.0]}', "go from 0 to 1"),
        ("0.5 0.25 0.5 road\n", "line 1: colors go from 0 to 1"),
        ("road:0.5,0.25,0.5::\n", "line 1: colors go from 0 to 1"),
        ("classes = names()\npalette = [[1, 2, 3]]\n", "classes is computed; expected its values written out"),
        ("classes = [\npalette = [[1, 2, 3]]\n", "looks like Python but cannot be read as such"),
        ("a = dict(classes=['x'], palette=[[1, 2, 3]])\nb = dict(classes=['y'], palette=[[1, 2, 3]])", "2 pairs"),
        ('{"a": [1, 2, null]}', "r is|b is 'None'"),
        ('{"classes": ["a"], "palette": []}', "not as many names as colors"),
        ('{"a": ', "begins like JSON but is not"),
        ("[1, 2]", "none of the 25 known formats"),
    ],
)
def test_a_legend_that_cannot_be_meant_is_refused_in_one_sentence(tmp_path, text, says):
    with pytest.raises(UserError, match=says):
        read_palette(written(tmp_path, text))


def test_names_of_ids_are_the_grey_levels_of_an_index_mask_and_the_run_says_so(tmp_path):
    for text in ('{"0": "road", "1": "car"}', '{"model_type": "segformer", "id2label": {"0": "road", "1": "car"}}'):
        legend = read_legend(written(tmp_path, text))
        assert dict(zip(legend.palette.names, legend.palette.colors.tolist(), strict=True)) == {
            "road": [0, 0, 0],
            "car": [1, 1, 1],
        }
        (said,) = legend.warnings
        assert "ids and no colors" in said


@pytest.mark.parametrize(
    "text",
    [
        "id,name,r,g,b\n1,road,128,64,128\n2,car,0,0,142\n",
        '[{"id": 1, "name": "road", "color": [128, 64, 128]}, {"id": 2, "name": "car", "color": [0, 0, 142]}]',
        '{"label_map": {"1": "road", "2": "car"}, "segmentation_colors": [[128, 64, 128], [0, 0, 142]]}',
    ],
)
def test_ids_that_begin_at_1_are_questioned(tmp_path, text):
    legend = read_legend(written(tmp_path, text))
    assert list(zip(legend.palette.names, legend.palette.colors.tolist(), strict=True)) == ROAD_CAR
    (said,) = legend.warnings
    assert "numbers its classes 1 to 2" in said
    assert "road is 1 there and 0 here" in said
    with pytest.warns(UserWarning, match="numbers its classes 1 to 2"):
        read_palette(written(tmp_path, text))


def test_a_run_says_what_it_doubts_of_a_legend(kmseg, labels, tmp_path):
    rows = [f"{number},{name},{r},{g},{b}" for number, (name, (r, g, b)) in enumerate(COLORS.items(), start=1)]
    path = written(tmp_path, "\n".join(["id,name,r,g,b", *rows]))
    ran = kmseg("dataset=folder", f"dataset.root={labels}", f"palette.file={path}", "writers=[index_png]")
    assert ran.code == 0, ran.err
    assert "numbers its classes 1 to 4" in " ".join((ran.out + ran.err).split())


def test_a_python_file_is_read_and_never_run(tmp_path):
    code = f"open({str(tmp_path / 'pwned')!r}, 'w')\nclasses = ['a']\npalette = [[1, 2, 3]]\n"
    assert read_palette(written(tmp_path, code)).names == ("a",)
    assert not (tmp_path / "pwned").exists()
