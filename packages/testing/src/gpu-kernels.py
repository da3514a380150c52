"""Lists the kernels in TensorFlow's library for NVIDIA GPUs, for gpu-kernels.ts. No GPU is needed.

    pip install WHEEL && python gpu-kernels.py WHEEL > gpu-kernels.txt

WHEEL is a file downloaded by `pip download --no-deps tensorflow==VERSION`.
"""

import hashlib
import pathlib
import sys

from tensorflow.core.framework import types_pb2
from tensorflow.python.framework import kernels
from tensorflow.python.framework.versions import VERSION

wheel = pathlib.Path(sys.argv[1])
if not wheel.name.startswith(f"tensorflow-{VERSION}-"):
    sys.exit(f"{wheel.name} is not the installed TensorFlow, which is {VERSION}")


def type_name(number: int) -> str:
    return types_pb2.DataType.Name(number).removeprefix("DT_").lower()


lines = set()
for kernel in kernels.get_all_registered_kernels().kernel:
    # Kernels for the device DEFAULT run on all devices. Those with a label are only for nodes that request it.
    if kernel.device_type not in ("GPU", "DEFAULT") or kernel.label:
        continue
    constraints = sorted(
        f"{constraint.name}={'|'.join(map(type_name, constraint.allowed_values.list.type))}"
        for constraint in kernel.constraint
    )
    lines.add(" ".join([kernel.op, *constraints]))

print(f"# Kernels that run on NVIDIA GPUs, each with the types that it takes: made by gpu-kernels.py from")
print(f"# {wheel.name}, SHA-256 {hashlib.sha256(wheel.read_bytes()).hexdigest()}")
print("\n".join(sorted(lines)))
