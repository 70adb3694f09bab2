"""The site: `sphinx-build -nW --keep-going docs build/site`, with nothing from the network."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
import ibmqbatch

project = "ibmqbatch"
version = release = ibmqbatch.__version__
project_copyright = "the authors of ibmqbatch"

extensions = ["myst_parser"]
myst_heading_anchors = 4

html_theme = "furo"
html_title = "ibmqbatch"
html_copy_source = False
html_static_path = ["_static"]
html_theme_options = {"footer_icons": []}
