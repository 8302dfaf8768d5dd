"""What counts as a command of a page, and that no table has an entry too many."""

import re

import pytest

from tests.docs.places import PLACES
from tests.docs.reading import Step, steps
from tests.docs.standins import NOT_RUN, PACKAGES, check_pip
from tests.docs.test_run import STEPS

PAGE = """# A page

    mrcnn inspect photos/      # what is in it
    # only a comment
    python here.py --long \\
        --more words           # of the next line

Words
    that go on. `mrcnn train` and `mrcnn detect --suggest` are names, `mrcnn detect RUN
photos/` and `pip install x` are commands, `x = 1` is neither.

- ```bash
  ls
  ```

```
a tree
mrcnn export run
```

```python
x = 1

y = x
```

```yaml
command: mrcnn
```
"""


def test_steps_of_a_page():
    assert steps(PAGE) == [
        Step(3, "mrcnn inspect photos/      # what is in it"),
        Step(5, "python here.py --long --more words           # of the next line"),
        Step(9, "mrcnn detect RUN photos/"),
        Step(10, "pip install x"),
        Step(13, "ls"),
        Step(18, "mrcnn export run"),
        Step(22, "x = 1\n\ny = x\n", is_python=True),
    ]


def test_the_tables_have_what_the_pages_name_and_nothing_else():
    texts = [step.text for found in STEPS.values() for step in found]
    assert [start for start in NOT_RUN if not any(text.startswith(start) for text in texts)] == []
    words = {word.rstrip("/") for text in texts for word in re.findall(r"[\w./-]+", text)}
    assert [name for name in (*PLACES, *PACKAGES) if name not in words] == []


@pytest.mark.parametrize(
    ("command", "is_right"),
    [
        ("pip install -r requirements.txt .", True),
        ("pip install .[onnx] pillow-heif", True),
        ("pip install ray[data]>=2.40,<3", True),
        ("pip install -r requirement.txt", False),
        ("pip install mrcnn_keras[onx]", False),
        ("pip install ray[data]>=2.4", False),
        ("pip install raay", False),
    ],
)
def test_pip_installs_what_setup_has(command, is_right):
    if is_right:
        check_pip(command.split())
    else:
        with pytest.raises(AssertionError):
            check_pip(command.split())
