/// Writes random policies: YAML text, so that the whole compiler is in the way.
///
/// Values come from small pools, so that policies overlap and events hit.
public struct RandomPolicy {
    private var random: SeededGenerator
    /// What is random about registers is drawn apart.
    private var registers: SeededGenerator
    private var lines: [String] = []

    /// Values that events are made of, too.
    enum Pool {
        static let paths = [
            "/", "/etc", "/etc/", "/etc/pass", "/etc/passwd", "/etc/passwd.bak", "/etc/shadow",
            "/usr/bin/cat",
            "/usr/bin", "/usr/lib/libc.so", "/tmp/a.so", "/tmp/.so", "/var/log/a/b/c/d",
            "/home/user/.ssh/id_rsa",
        ]
        static let endings = [".so", "d", "passwd", "/passwd", ".ssh/id_rsa", "cat", "a.so", "o"]
        static let pieces = ["etc", "ss", ".s", "PASS", "lib", "/a/b"]
        static let binaries = [
            "/usr/bin/cat", "/usr/bin/curl", "/usr/sbin/sshd", "/bin/sh", "/usr/bin/bash", "/opt/x",
        ]
        static let signed = [
            "0", "1", "2", "3", "-1", "-2147483648", "2147483647", "64", "0x41", "4294967295",
        ]
        static let unsigned = ["0", "1", "2", "63", "64", "4095", "2147483648", "4294967295"]
        static let masks = ["1", "2", "3", "64", "0x40", "0x80000000", "0x41"]
        static let networks = [
            "127.0.0.1", "127.0.0.0/8", "10.0.0.0/8", "10.1.0.0/16", "10.1.2.3", "0.0.0.0/0", "::1",
            "2001:db8::/32",
            "2001:db8:1::/48", "::/0",
        ]
        static let ports = ["80", "443", "22", "1000:2000", "0:1023", "8080"]
        static let families = ["AF_INET", "AF_INET6", "AF_UNIX", "2"]
        static let protocols = ["IPPROTO_TCP", "IPPROTO_UDP", "1"]
        static let states = ["TCP_ESTABLISHED", "TCP_LISTEN", "TCP_CLOSE", "3"]
        static let fileTypes = ["reg", "dir", "sock", "lnk"]
        static let pids = ["1", "2", "7", "1000", "4194304"]
        static let namespaces = ["Uts", "Mnt", "Pid", "Net", "User"]
        static let inodes = ["host_ns", "4026531840", "4026532000", "7"]
        static let capabilities = ["CAP_SYS_ADMIN", "CAP_NET_RAW", "CAP_CHOWN", "CAP_BPF"]
        static let argumentOperators = [
            "Equal", "NotEqual", "Prefix", "Postfix", "SubString", "NotSubString", "NotSubStringIgnCase",
        ]
        static let arguments = ["-c", "--help", "/etc/passwd", "-rf", ""]
        static let labels = ["web", "db", "cache"]
    }

    private struct Argument {
        var index: Int
        var type: String
    }

    /// The same seed gives the same policies.
    public init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        registers = SeededGenerator(seed: ~seed)
    }

    /// A document of one policy.
    public mutating func text(named name: String) -> String {
        lines = []
        let isNamespaced = random.oneIn(6)
        line(0, "apiVersion: cilium.io/v1alpha1")
        line(0, "kind: TracingPolicy" + (isNamespaced ? "Namespaced" : ""))
        line(0, "metadata:")
        line(1, "name: \(name)")
        if isNamespaced { line(1, "namespace: \(random.pick(["demo", "other"]))") }
        line(0, "spec:")
        if random.oneIn(3) { line(1, "unknown: \(random.pick(["deny", "allow"]))") }
        if random.oneIn(4) { selectorLines(1, "podSelector") }
        if !isNamespaced, random.oneIn(8) { line(1, "hostSelector: {}") }
        line(1, "kprobes:")
        for _ in 0..<Int.random(in: 1...2, using: &random) { function() }
        if random.oneIn(3) {
            line(1, "lsmhooks:")
            line(1, "- hook: file_open")
            hookBody([Argument(index: 0, type: "file")], returns: false, isCall: false)
        }
        if random.oneIn(4) {
            line(1, "tracepoints:")
            line(1, "- subsystem: raw_syscalls")
            line(2, "event: sys_enter")
            hookBody([Argument(index: 4, type: "syscall64")], returns: false, isCall: false)
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private mutating func line(_ level: Int, _ text: String) {
        lines.append(String(repeating: "  ", count: level) + text)
    }

    private mutating func function() {
        switch Int.random(in: 0..<6, using: &random) {
        case 0:
            line(1, "- call: sys_openat")
            line(2, "syscall: true")
            hookBody(
                [
                    Argument(index: 0, type: "int"), Argument(index: 1, type: "string"),
                    Argument(index: 2, type: "uint32"),
                ],
                returns: random.oneIn(2))
        case 1:
            line(1, "- call: security_file_permission")
            line(2, "syscall: false")
            hookBody(
                [Argument(index: 0, type: "file"), Argument(index: 1, type: "int")], returns: random.oneIn(2))
        case 2:
            line(1, "- call: tcp_connect")
            line(2, "syscall: false")
            hookBody([Argument(index: 0, type: "sock")], returns: false)
        case 3:
            line(1, "- call: security_socket_connect")
            line(2, "syscall: false")
            hookBody(
                [Argument(index: 1, type: "sockaddr"), Argument(index: 2, type: "int16")], returns: false)
        case 4:
            line(1, "- call: cap_changed")
            line(2, "syscall: false")
            hookBody(
                [Argument(index: 0, type: "cap_effective"), Argument(index: 1, type: "kernel_cap_t")],
                returns: false)
        default:
            line(1, "- call: vfs_write")
            line(2, "syscall: false")
            hookBody(
                [
                    Argument(index: 0, type: "file"), Argument(index: 2, type: "size_t"),
                    Argument(index: 3, type: "sint8"),
                ],
                returns: false)
        }
    }

    private mutating func hookBody(_ arguments: [Argument], returns: Bool, isCall: Bool = true) {
        line(2, "args:")
        for argument in arguments {
            line(2, "- index: \(argument.index)")
            line(3, "type: \(argument.type)")
        }
        // Only calls of functions and system calls may have data.
        let hasRegister = isCall && registers.oneIn(5)
        if hasRegister { register() }
        if returns {
            line(2, "return: true")
            line(2, "returnArg:")
            line(3, "index: 0")
            line(3, "type: int")
        }
        let count = Int.random(in: 0...4, using: &random)
        if count == 0 { return }
        line(2, "selectors:")
        for _ in 0..<count {
            selector(arguments, returns: returns)
            if hasRegister, registers.oneIn(3) {
                line(3, "matchData:")
                argumentFilter(Argument(index: 0, type: Self.registerType))
            }
        }
    }

    private static let registerType = "uint32"

    private mutating func register() {
        line(2, "data:")
        line(2, "- index: 0")
        line(3, "source: pt_regs")
        line(3, "resolve: \(registers.pick(["rdi", "ebx", "r12", "ip"]))")
        line(3, "type: \(Self.registerType)")
    }

    private mutating func selector(_ arguments: [Argument], returns: Bool) {
        line(2, "- label: s")
        if random.oneIn(4) { line(3, "onUnknown: \(random.pick(["match", "mismatch"]))") }
        if random.oneIn(3) {
            line(3, "matchActions:")
            line(3, "- action: Sigkill")
        }
        if random.oneIn(2) {
            line(3, "matchArgs:")
            for _ in 0..<Int.random(in: 1...3, using: &random) { argumentFilter(random.pick(arguments)) }
            if arguments.count == 2, arguments[0].type == "cap_effective", random.oneIn(2) {
                capabilitiesGained()
            }
            if arguments[0].type == "int", random.oneIn(4) { expression() }
        }
        if returns, random.oneIn(2) {
            line(3, "matchReturnArgs:")
            argumentFilter(Argument(index: 0, type: "int"))
        }
        processFilters()
    }

    private mutating func processFilters() {
        if random.oneIn(3) { binaries("matchBinaries") }
        if random.oneIn(6) { binaries("matchParentBinaries") }
        if random.oneIn(6) { binaries("matchAncestorBinaries", follows: false) }
        if random.oneIn(6) {
            line(3, "matchPIDs:")
            line(3, "- operator: \(random.pick(["In", "NotIn"]))")
            line(4, "followForks: \(random.oneIn(2))")
            line(4, "isNamespacePID: \(random.oneIn(2))")
            values(Pool.pids, 3)
        }
        if random.oneIn(6) {
            line(3, "matchNamespaces:")
            line(3, "- namespace: \(random.pick(Pool.namespaces))")
            line(4, "operator: \(random.pick(["In", "NotIn"]))")
            values(Pool.inodes, 3)
        }
        if random.oneIn(8) {
            line(3, "matchNamespaceChanges:")
            line(3, "- operator: \(random.pick(["In", "NotIn"]))")
            values(Pool.namespaces, 2)
        }
        for key in ["matchCapabilities", "matchCapabilityChanges"] where random.oneIn(7) {
            line(3, "\(key):")
            line(3, "- type: \(random.pick(["Effective", "Permitted"]))")
            line(4, "operator: \(random.pick(["In", "NotIn"]))")
            line(4, "isNamespaceCapability: \(random.oneIn(2))")
            values(Pool.capabilities, 2)
        }
        if random.oneIn(6) {
            line(3, "matchCmdArgs:")
            line(3, "- index: \(random.pick([0, 1, 3]))")
            line(4, "operator: \(random.pick(Pool.argumentOperators))")
            values(Pool.arguments.filter { !$0.isEmpty }, 2)
        }
        if random.oneIn(7) {
            line(3, "matchWorkloads:")
            selectorLines(4, "podSelector")
            if random.oneIn(2) { line(4, "hostSelector: {}") }
        }
    }

    private mutating func selectorLines(_ level: Int, _ key: String) {
        line(level, "\(key):")
        line(level + 1, "matchExpressions:")
        line(level + 1, "- key: app")
        line(level + 2, "operator: \(random.pick(["In", "NotIn"]))")
        line(level + 2, "values: [\(random.pick(Pool.labels)), \(random.pick(Pool.labels))]")
    }

    private mutating func binaries(_ key: String, follows: Bool = true) {
        line(3, "\(key):")
        let operation = random.pick(["In", "NotIn", "Prefix", "NotPrefix", "Postfix", "NotPostfix"])
        line(3, "- operator: \(operation)")
        if follows, operation.hasSuffix("In"), random.oneIn(2) { line(4, "followChildren: true") }
        values(
            operation.contains("ost") ? Pool.endings + Pool.binaries : Pool.binaries + ["/usr", "/usr/bin"], 3
        )
    }

    private mutating func values(_ pool: [String], _ limit: Int) {
        line(4, "values:")
        for value in random.some(pool, atMost: limit) { line(4, "- \"\(value)\"") }
    }

    private mutating func capabilitiesGained() {
        line(3, "- operator: CapabilitiesGained")
        line(4, "args: [0, 1]")
        if random.oneIn(2) { values(Pool.capabilities, 2) }
    }

    private mutating func expression() {
        line(3, "- operator: CelExpr")
        values(
            ["arg0 > 1 && !(arg0 == 64)", "uint32(arg0) + arg2 < 4096", "and(arg2, 64) != 0 || arg0 < 0"], 1)
    }

    private mutating func argumentFilter(_ argument: Argument) {
        line(3, "- index: \(argument.index)")
        switch argument.type {
        case "file", "string": textFilter(isFile: argument.type == "file")
        case "sock", "sockaddr": socketFilter(hasState: argument.type == "sock")
        case "int", "int16", "sint8":
            numberFilter(argument.type == "int" ? Pool.signed : ["0", "1", "-1", "-128", "127"])
        case "cap_effective", "kernel_cap_t":
            line(4, "operator: Mask")
            values(Pool.capabilities + ["0x3"], 2)
        default: numberFilter(Pool.unsigned)
        }
    }

    private mutating func textFilter(isFile: Bool) {
        let operation = random.pick([
            "Equal", "NotEqual", "Prefix", "NotPrefix", "Postfix", "NotPostfix", "SubString", "NotSubString",
            "SubStringIgnCase", "NotSubStringIgnCase",
            isFile ? "FileType" : "Equal", isFile ? "NotFileType" : "InMap",
        ])
        line(4, "operator: \(operation)")
        switch operation {
        case "Postfix", "NotPostfix": values(Pool.endings, 3)
        case "SubString", "SubStringIgnCase", "NotSubString", "NotSubStringIgnCase": values(Pool.pieces, 2)
        case "FileType", "NotFileType": values(Pool.fileTypes, 2)
        default: values(Pool.paths, 4)
        }
    }

    private mutating func socketFilter(hasState: Bool) {
        var operators = ["SAddr", "NotSAddr", "SPort", "NotSPort", "SPortPriv", "NotSPortPriv", "Family"]
        if hasState {
            operators += ["DAddr", "NotDAddr", "DPort", "NotDPort", "DPortPriv", "Protocol", "State"]
        }
        let operation = random.pick(operators)
        line(4, "operator: \(operation)")
        switch operation {
        case "SAddr", "NotSAddr", "DAddr", "NotDAddr": values(Pool.networks, 3)
        case "SPort", "NotSPort", "DPort", "NotDPort": values(Pool.ports, 3)
        case "Family": values(Pool.families, 2)
        case "Protocol": values(Pool.protocols, 2)
        case "State": values(Pool.states, 2)
        default: break
        }
    }

    private mutating func numberFilter(_ pool: [String]) {
        let operation = random.pick([
            "Equal", "NotEqual", "InMap", "NotInMap", "GT", "LT", "Mask", "InRange", "NotInRange",
        ])
        line(4, "operator: \(operation)")
        switch operation {
        case "GT", "LT": values(pool, 1)
        case "Mask": values(Pool.masks, 2)
        case "InRange", "NotInRange": values(["1:64", "0:0", "2:100", "3:3"], 2)
        default: values(pool, 4)
        }
    }
}
