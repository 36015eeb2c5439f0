"""What a report says in words: what each figure means, and what it does not mean. Plain HTML, no user input in it."""

from emolive.reports.figures import Drops, FaceReport, title
from emolive.ui.words import percent

LITTLE = 0.1
"""A probability below which drops say next to nothing: there is little that could fall."""

CLEAR = 0.05
"""Drops that differ by less than this are called equal."""

INTRO = """
<p>A neural network was shown the faces below and gave each a word: one of a few emotions. The coloured maps are
attempts to show <em>which parts of the picture it used</em>. There are many ways to make such a map, they disagree,
and a pretty map proves nothing. So this page also <a href="#proofs">tests each map</a>: it takes the network apart
and looks whether the map notices.</p>
<p><strong>What no map here shows:</strong> what anybody feels. The network sorts pictures of facial expressions into
words that people gave to similar pictures. A map shows what <em>this network</em> used, not where an emotion is.</p>
"""

SECTIONS: tuple[tuple[str, str, str], ...] = (
    (
        "map",
        "What a heat map is",
        """
<p>The network turns a face into many small pictures, one per filter, each saying where in the face that filter found
its pattern. A heat map adds these up, each with a weight that says how much it speaks for the emotion. Bright means:
much evidence for that emotion came from here. Where there is none, nothing is painted; evidence <em>against</em> the
emotion is never painted. Each map has its own scale, so brightness cannot be compared between maps (in the strip of
all emotions it can: they share one).</p>
<p>Heat looks smooth because it is enlarged. Really each map is a coarse grid, and the tables give its size. A grid of
4&nbsp;×&nbsp;4 cells cannot point at an eyelid.</p>""",
    ),
    (
        "layers",
        "Which layer?",
        """
<p>Early layers (layer1) see edges and spots in a fine grid, but they do not know yet what these are for. Late layers
(layer4) see large patterns in a coarse grid and are next to the decision. For “why this word?” take the last layer;
for “which details?” look at layer2 or layer3, and trust them only as far as the tests below say.</p>""",
    ),
    (
        "methods",
        "Which method?",
        """
<ul>
<li><strong>Activation</strong> and <strong>Eigen-CAM</strong> never ask which emotion is meant: they show where the
layer is busy. Ask them about happy or about sad and the map is the same. They are here for comparison.</li>
<li><strong>CAM</strong> uses the weights of the last step of the network, and so exists at the last stage only.</li>
<li><strong>Grad-CAM, HiResCAM, XGrad-CAM</strong> ask how the score would change if a filter said a little more (its
gradient), and differ in where they take the mean.</li>
<li><strong>Grad-CAM++</strong> and <strong>LayerCAM</strong> keep only what speaks <em>for</em> the emotion and
forget what speaks against it, so they paint more of the face.</li>
<li><strong>Score-CAM</strong> uses no gradient: it shows the network the face through each filter's map and sees what
the score does. It is slow.</li>
<li><strong>Guided backprop.</strong> asks the same of every single pixel of the input and has no layers. It draws
beautiful edges, and is the best known example of a map that hardly depends on the emotion.</li>
</ul>""",
    ),
    (
        "agree",
        "Why four methods agree at the last stage",
        """
<p>After the last stage this kind of network only takes the mean of each filter's map and a weighted sum of these
means. How much the score changes with a cell is therefore the same for every cell of a filter: the filter's weight,
divided by the number of cells. Taking the mean of that first (Grad-CAM), not at all (HiResCAM) or a weighted mean
(XGrad-CAM) changes nothing, and it is CAM's weight again, but for one common factor. So <strong>CAM, Grad-CAM,
HiResCAM and XGrad-CAM are the same map</strong> at the last stage. That is arithmetic, and no sign that four
witnesses saw the same.</p>""",
    ),
    (
        "drops",
        "Drops: blur a fifth of the face",
        """
<p>The hottest fifth of the map's cells is blurred beyond recognition, and the network looks again. The <em>drop</em>
is how many percentage points the emotion's probability falls. For comparison the same number of random cells is
blurred (the mean of several draws), and the coldest ones.</p>
<p><strong>It means:</strong> if the hottest cells cost clearly more than random ones, the map found something that
the network needed for this face. If not, it did no better than chance here, however convincing it looks.</p>
<p><strong>It does not mean</strong> that the rest of the face was not used: networks use parts together, and one part
can stand in for another. A blurred face is also a strange face, and the network was not trained on those. A negative
drop says that the probability <em>rose</em>. Where the emotion had little probability to begin with, nothing can
drop.</p>""",
    ),
    (
        "curves",
        "Deletion and insertion",
        """
<p>The same idea with every share of the face, not only a fifth. <em>Deletion</em> blurs the cells from the hottest to
the coldest: a good map makes the probability fall early, so a <strong>small</strong> area under the curve is good.
<em>Insertion</em> begins with the blurred face and brings the hottest cells back first: here a <strong>large</strong>
area is good. The dotted lines take the cells in random order: a map whose areas are no better has found nothing.</p>
<p>Compare areas between methods of one layer and one face only: they depend on the grid, on the blur and on how sure
the network was. Jagged curves are normal.</p>""",
    ),
    (
        "where",
        "Where on the face",
        """
<p>The share of heat on the eyes, the nose, the mouth, the rest of the face, and off the face, by the key points that
the face detector found. Much heat off the face is a warning: the network uses hair, clothes or background, or the
grid is too coarse to tell. A large share is no proof that the part was needed; that is what drops are for.</p>""",
    ),
    (
        "like",
        "Like Grad-CAM?",
        """
<p>How much a map agrees with Grad-CAM's of the same layer (guided backpropagation is compared at the last layer of
the page). <em>Rank</em> compares the order of all cells: 1 is the same order, 0 unrelated, −1 the reverse.
<em>Overlap</em> is how much the two hottest fifths share. Agreement makes neither of them right.</p>""",
    ),
    (
        "sanity",
        "Sanity: does the map notice a broken network?",
        """
<p>What the network has learnt is replaced by random numbers, from its end backwards: first its last step (fc), then
also layer4, layer3 and so on. The columns say how much the new map still agrees with the true one (rank, as above). A
map that explains what the network has learnt must change. <strong>One that stays the same (near 1, marked ▲) shows
the picture, not the network.</strong> <span class="small">(Adebayo and others, “Sanity Checks for Saliency Maps”,
2018.)</span></p>
<p><strong>Some cannot change.</strong> Activation and Eigen-CAM look only at what their layer says, and that does not
depend on anything after it: randomise what comes later and they are <em>exactly</em> the same (marked “=”). That is
no fault in the test; it shows that they cannot know what the network makes of what they show.</p>
<p><strong>It does not mean</strong> that a map which passes is right: passing shows that it depends on the network,
not that it is true. On a grid of few cells luck alone gives large numbers now and then. And one face is one face: look
at several.</p>""",
    ),
)


def verdict(face: FaceReport, layers: tuple[str, ...]) -> str:
    """One or two sentences (plain text) on what the drops say of the first map of the last layer."""
    cell = next((c for c in face.cells if c.figures is not None and c.layer == layers[-1]), None)
    if cell is None or cell.figures is None:
        return ""
    drops, probability = cell.figures.drops, float(face.probs[face.target])
    map_of = f"{title(cell.method)} at {cell.layer}"
    if probability < LITTLE:
        return (
            f"The network gives {face.goal} only {percent(probability)} here, so next to nothing can drop: "
            f"the maps say where the little evidence is, and the drops say nothing."
        )
    told = (
        f"Blurring the hottest fifth of {map_of} takes {points(drops.hot)} off {face.goal}; a random fifth takes "
        f"{points(drops.random)}, the coldest {points(drops.cold)}."
    )
    return f"{told} {_judged(drops)}"


def points(drop: float) -> str:
    """A drop in percentage points."""
    whole = round(100 * drop)
    return f"{whole} point{'' if abs(whole) == 1 else 's'}".replace("-", "−")


def _judged(drops: Drops) -> str:
    if drops.hot > drops.random + CLEAR:
        return "So this map found something that the network needed here."
    if drops.hot < drops.random - CLEAR:
        return "So this map did worse than chance here: do not believe it on this face."
    return "So this map did no better than chance here: do not believe it on this face."
