"""The numbers that decide about candidates: unit, reason and source. `benchmarks/thresholds.py` varies each."""

CORE = 6
"""Levels: pixels and means of regions that surely belong to a mode."""

BLUR = 12
"""Levels: pixels that vote for the center of a mode of compressed images; two modes nearer than this need proof. Below
JPEG quality 75 they need it farther away, in proportion to the steps of quantization."""

BLUR_QUALITY = 75
"""JPEG quality of which `BLUR` was measured."""

SAME = 4.0
"""RGB units: one step of quantization in both chroma channels moves the mean color of a region by 2.6 (quality 75) to
4.3 (quality 60), so nearer modes are one; colors of ADE20K, 7 apart, come as near as 5."""

OVERSHOOT = 4
"""Levels that a bicubic filter moves a color by along a rim: two modes of resized images nearer than this need
proof."""

OWN_VALUE = 0.3
"""Share of one value from which a small color near a class is its own, although a single image shows it: small classes
have 0.3 to 0.8, shades of one image at most 0.1."""

SOFT_MIXED = 0.05
"""Share of mixtures from which what is flat between two classes, and forms no large region, is a soft edge: in a
network's output and in alpha mattes it is 0.07 to 0.38, in small classes that lie on such a line 0.00 to 0.02."""

ROUNDING = 1.8
"""RGB units: resizing in floating point rounds a class's color to another level in some files, 254 for 255. One level
in each channel is 1.73."""

SNAP = 2
"""Levels: the most frequent value is preferred to the mean if it is as near as this."""

REGION_RADIUS = 2.5
"""Levels, in each channel: means of regions within belong to one mode. JPEG moves them by 1 to 2."""

REGION_REACH = 3.25
"""Levels, in each channel, to a mode's center at which the regions are its own: those farther may be another's."""

LARGE = 100
"""Pixels of a region that is a class's, far from others. In drawn scenes in JPEG quality 75 nothing but a class has
one of more than 186; mixtures, ringing and bleeding form regions of 10 to 60."""

PROVEN_REGIONS = 2
"""Regions in proof of a class (`region_kernels.PROOF`) that there must be near a larger class."""

PROVEN_PIXELS = 4000
"""Pixels of a single region that is proof as well: 64 by 64. What damage makes of a class goes no farther in."""

LONE_IMAGES = 5
"""Images from which a color in only one of them is doubtful."""

FEW_CLASSES = 9
"""Classes up to which a color hardly lies on a line between two by chance: those from a class to 8 others take 5 % of
the directions around it, at a distance of 25 levels and with `SAME` to either side."""

ONCE_LOSSY_SHARE = 0.1
"""Share of the images in lossless formats that hold what lossy compression left, from which none of them is exact."""

SMOOTH = 1.5
"""Cells of density: JPEG's rounding of YCbCr alone moves a color by up to 2 levels."""

SHARP = 0.5
"""The same of resized images, where nothing is noisy."""

MIXTURE = 0.5
"""Share of a mode's pixels between two other colors that makes it a mixture."""

COLOR_BLEED_DISTANCE = 22
"""Levels: a color without flat interior this close to another is the other with its surroundings' chroma."""

BLED_INTERIOR = 0.1
"""Share of interior pixels below which a mode has no flat interior."""

INTERIOR_PIXELS = 5
"""Interior pixels that give a mode a flat interior somewhere."""

ISOLATION_DISTANCE, REPEATED_ISOLATION_DISTANCE = 30, 60
"""Levels: a color without flat interior must stand this far from all others in compressed images; the second where it
is mostly one repeated value, as bled poles in rows of equal blocks are."""

LONE_SHARE = 0.04
"""Share of the images that must hold a color without flat interior: what damage alone makes turns up in 1 image or 2 of
dozens, however many there are."""

REPEATED_SHARE = 0.6
"""Share of one exact value; small true objects in compressed images have 0.05 to 0.5."""

COMPRESSED_PIXELS = 30
"""Flat pixels of a class of compressed images: three thin objects' worth."""

RARE_PIXELS = 9
"""Pixels in lossless images below which a color is doubtful: one 3x3 patch in the whole data set."""

SMALL_IMAGES, SMALL_SIZE = 2, 6
"""Images with small objects of a color that nothing else speaks for; their cores per image: smaller objects have
bled."""

SMALL_APART, SMALL_OFF = 50, 25
"""Levels from all other classes, and from the line between any two, of such a color."""

THIN_WINDOWS, LONE_WINDOWS, THIN_PER_IMAGE = 8, 20, 5
"""Windows of 16x16 in several images, or in one, that show thin objects of a color that nothing else speaks for, and in
each image: three classes in a window look like two now and then. Thin classes of drawn sets have 6 to 150 an image,
what strokes through several classes left in public sets 2 to 7."""

THIN_APART, THIN_OFF = 40, 35
"""RGB units from all other classes, and from the line between any two, of such a color: mixtures are of any degree."""
