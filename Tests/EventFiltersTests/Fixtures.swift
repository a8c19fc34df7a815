import EventFilters
import EventModel

/// The line of an exec in a pod, as the daemon writes it.
let execLine = """
    {"process_exec":{"process":{"exec_id":"bjoxOjE=","pid":4711,"uid":1000,"cwd":"/","binary":"/usr/bin/curl",\
    "arguments":"-s https://example.org","in_init_tree":false,"docker":"0123456789abcdef","auid":4294967295,\
    "cap":{"permitted":["CAP_CHOWN","DAC_OVERRIDE"],"effective":["CAP_CHOWN"]},\
    "pod":{"namespace":"shop","name":"web-5f7","pod_labels":{"app":"web","tier":"front"},\
    "container":{"id":"containerd://0123456789abcdef0123","name":"nginx","maybe_exec_probe":true}}},\
    "parent":{"exec_id":"bjoxOjI=","pid":100,"uid":0,"binary":"/bin/bash","arguments":"-c job"},\
    "ancestors":[{"pid":10,"binary":"/usr/bin/containerd-shim"},{"pid":1,"binary":"/usr/lib/systemd/systemd"}]},\
    "node_name":"n1","time":"2026-01-02T03:04:05.000000006Z","secd":{"stream":"5e1f0000","seq":"12","line":"77"}}
    """

/// The line of an exit on the host; fields with their default are left out, numbers of 64 bits are texts.
let exitLine = """
    {"process_exit":{"process":{"pid":7,"uid":0,"binary":"/bin/true","in_init_tree":true},"parent":{"pid":1,\
    "binary":"/sbin/init"},"duration":"5000000","usage":{"cpu_time":"9000"},"remote":"10.1.2.3"},\
    "node_name":"n1","time":"2026-01-02T03:04:05Z"}
    """

func event(_ line: String = execLine) throws -> JSONEvent {
    try JSONEvent(line.utf8)
}

/// Whether the exec (or another line) matches the filter that `fill` fills.
func matches(_ line: String = execLine, _ fill: (inout FilterSpec) -> Void) throws -> Bool {
    try EventFilter(filter(fill)).matches(event(line))
}

func filter(_ fill: (inout FilterSpec) -> Void) -> FilterSpec {
    var spec = FilterSpec()
    fill(&spec)
    return spec
}
