"""Functions of a TensorFlow 2 graph, put where they are called.

What is left is a graph as TensorFlow 1 has it: plain nodes, with loops and branches made of
`Enter`, `Switch` and their like.
"""

from __future__ import annotations

from typing import Any, Dict, Iterable, Iterator, List

from splitdet.graph.graph import split_name

_CALLS = ("PartitionedCall", "StatefulPartitionedCall")
_BRANCHES = ("While", "StatelessWhile", "If", "StatelessIf", "Case", "StatelessCase")


class Inliner:
    """Replaces calls in a GraphDef of TensorFlow; its functions must be in the default graph.

    TensorFlow's own optimizer leaves a function alone that has loops of TensorFlow 1 in it, as
    graphs from then have that were wrapped later.
    """

    def __init__(self, graph_def: Any) -> None:
        self._functions = {function.signature.name: function for function in graph_def.library.function}
        self._taken = {node.name for node in graph_def.node}
        self._outputs: Dict[str, List[str]] = {}
        self._controls: Dict[str, List[str]] = {}

    def replace_calls(self, graph_def: Any) -> None:
        """Change `graph_def`: each node that calls a function gives way to the function's nodes."""
        waiting = list(graph_def.node)
        done: List[Any] = []
        while waiting:
            node = waiting.pop()
            if node.op in _CALLS or node.op in self._functions:
                waiting.extend(self._body(node))
            else:
                done.append(node)
        for node in done:
            inputs = [name for read in node.input for name in self._follow(read)]
            node.ClearField("input")
            node.input.extend(inputs)
        kept = [type(node).FromString(node.SerializeToString()) for node in done]
        graph_def.ClearField("node")
        graph_def.node.extend(reversed(kept))

    def source(self, tensor: str) -> str:
        """What `tensor` is called now, if a call gave it."""
        name, index = split_name(tensor)
        return self.source(self._outputs[name][index]) if name in self._outputs else tensor

    def _follow(self, read: str) -> List[str]:
        """An input of a node as it is now; waiting for a call becomes waiting for what ends it."""
        name, index = split_name(read)
        if index >= 0:
            return [self.source(read)]
        if name not in self._controls:
            return [read]
        return [new for control in self._controls[name] for new in self._follow("^" + control)]

    def _body(self, call: Any) -> List[Any]:
        """The nodes of the function that `call` calls, reading what `call` reads."""
        from tensorflow.python.framework.function_def_to_graph import function_def_to_graph_def

        function = self._functions[call.attr["f"].func.name if call.op in _CALLS else call.op]
        body, tensor_names = function_def_to_graph_def(function)
        given = [read for read in call.input if not read.startswith("^")]
        arguments = dict(zip((argument.name for argument in function.signature.input_arg), given))
        nodes = [node for node in body.node if node.name not in arguments]
        names = self._free_names(call.name, [node.name for node in nodes])

        def renamed(read: str) -> str:
            name, index = split_name(read)
            if name in arguments:
                return arguments[name] if index >= 0 else "^" + split_name(arguments[name])[0]
            return f"^{names[name]}" if index < 0 else f"{names[name]}:{index}"

        for node in nodes:
            node.name = names[node.name]
            node.input[:] = [renamed(read) for read in node.input]
            if "frame_name" in node.attr:  # two loops with one name would run into each other
                node.attr["frame_name"].s = f"{call.name}/".encode() + node.attr["frame_name"].s
        self._outputs[call.name] = [
            renamed(tensor_names[function.ret[output.name]]) for output in function.signature.output_arg
        ]
        self._controls[call.name] = [names[name] for name in function.control_ret.values()]
        return nodes

    def _free_names(self, call: str, names: Iterable[str]) -> Dict[str, str]:
        """Names of nodes to free ones: they stay, where nothing is called so yet."""
        free: Dict[str, str] = {}
        for name in names:
            free[name] = name
            while free[name] in self._taken:
                free[name] = f"{call}/{free[name]}"
            self._taken.add(free[name])
        return free


def lower_loops(tf: Any, graph_def: Any, outputs: Iterable[str]) -> Any:
    """`graph_def` with loops and branches that are functions turned into nodes."""
    from tensorflow.core.protobuf import device_properties_pb2
    from tensorflow.python.grappler import cluster, tf_optimizer

    for node in all_nodes(graph_def):
        if node.op in _BRANCHES:
            node.attr["_lower_using_switch_merge"].b = True
    meta_graph = tf.MetaGraphDef(graph_def=graph_def)
    meta_graph.collection_def["train_op"].node_list.value.extend(outputs)  # these it must keep
    config = tf.ConfigProto()
    options = config.graph_options.rewrite_options
    options.min_graph_nodes = -1
    options.optimizers.append("function")  # and nothing else, so that the bits stay the same
    options.function_optimization = options.AGGRESSIVE  # otherwise calls without readers stay
    # a machine made up of one CPU; left to itself it takes hold of every GPU that is there
    device = device_properties_pb2.NamedDevice(name="/job:localhost/replica:0/task:0/device:CPU:0")
    device.properties.type = "CPU"
    machine = cluster.Cluster(devices=[device])
    try:
        return tf_optimizer.OptimizeGraph(config, meta_graph, verbose=False, cluster=machine)
    finally:
        machine.Shutdown()


def all_nodes(graph_def: Any) -> Iterator[Any]:
    """All nodes, those in functions included."""
    yield from graph_def.node
    for function in graph_def.library.function:
        yield from function.node_def


def has_functions(graph_def: Any) -> bool:
    """Whether any node of the graph calls a function."""
    names = {function.signature.name for function in graph_def.library.function}
    return any(
        node.op in names
        or any(value.HasField("func") or len(value.list.func) for value in node.attr.values())
        for node in graph_def.node
    )
