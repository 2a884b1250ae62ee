"""The table of operators: name -> function(node, *inputs) -> output array.

`node` carries the attributes as `node.get(name, default)` and the model's opset as `node.opset`;
an absent optional input is None.
"""

OPERATORS = {}


def operator(*names):
    def register(function):
        for name in names:
            OPERATORS[name] = function
        return function

    return register


def as_list(values):
    return None if values is None else [int(value) for value in values]
