import CEventABI
import EventModel

/// Calls that the policies of the samples matched.
extension SampleEvents {
    /// One policy that denies, and one that would kill.
    private static let rules = [
        PolicyMatch(
            PolicyRule(
                policy: "shadow-files", selector: 1, label: "readers", action: .override,
                message: "Password hashes are read", tags: ["observability.filesystem"], asksRights: true)),
        PolicyMatch(
            PolicyRule(
                policy: "no-shells", namespace: "shop", mode: .monitor, action: .killTree,
                message: "A shell where none belongs", tags: ["attack.execution", "shells"]),
            unknown: ["matchArgs[0]"]),
    ]

    private static let killer = PolicyMatch(
        PolicyRule(
            policy: "no-openat", action: .kill, message: "A sandbox was left", tags: ["attack.escape"]))
    private static let watcher = PolicyMatch(
        PolicyRule(policy: "typed-commands", message: "A command was typed", tags: ["audit"]))

    /// The hook of a kind.
    private static func hook(_ kind: EventKind) -> PolicyHook {
        switch kind {
        case .processTracepoint:
            PolicyHook(
                .tracepoint(subsystem: "syscalls", event: "sys_enter_openat"), mechanism: "tracepoint",
                effect: .killBeforeReturn)
        case .processLsm: PolicyHook(.lsm("file_open"), mechanism: "lsm", effect: .prevent)
        case .processUprobe:
            PolicyHook(
                .uprobe(path: "/usr/bin/bash", symbol: "readline", offset: 0, counterOffset: 0),
                mechanism: "uprobe", effect: .observe)
        case .processUsdt:
            PolicyHook(
                .usdt(path: "/usr/bin/postgres", provider: "postgresql", name: "query__start"),
                mechanism: "uprobe", effect: .observe)
        default:
            PolicyHook(.function("security_file_open"), mechanism: "fmod_ret", effect: .prevent)
        }
    }

    /// What a policy's event of a kind shows.
    func policyBody(_ kind: EventKind) -> Event.Body {
        switch kind {
        case .processLoader:
            .loader(
                LoaderEvent(
                    path: Array("/srv/jail/usr/lib/libcurl.so.4".utf8),
                    buildID: [0x5f, 0x0c, 0x1f, 0x0e, 0x6b, 0x0b, 0x4d, 0x4e],
                    policies: Self.rules.map(\.rule)))
        case .processThrottle:
            .throttle(
                ThrottleEvent(
                    begins: false, cgroup: Array("/system.slice/web.service".utf8), policy: "shadow-files",
                    hook: "security_file_open", heldBack: 1200))
        default: .policy(call(Self.hook(kind)))
        }
    }

    /// A read of a protected file: denied, punished or only seen, as the hook allows.
    private func call(_ hook: PolicyHook) -> PolicyEvent {
        var event = PolicyEvent(hook: hook, matches: Self.rules, generation: 7)
        switch hook.effect {
        case .prevent, .killBeforeEffect:
            (event.action, event.verdict, event.expected, event.error) = (.override, .denied, .killed, 1)
        case .killBeforeReturn:
            event.matches = [Self.killer]
            (event.action, event.verdict) = (.kill, .killed)
        case .observe: event.matches = [Self.watcher]
        }
        event.arguments = [
            PolicyArgument(
                .file(PolicyFile(path: Array("/srv/jail/etc/shadow".utf8), mode: 0o100640)), label: "file",
                origin: .kernel),
            PolicyArgument(.int(0)), PolicyArgument(.bytes(Array("GET / HTTP/1.1\r\n".utf8), of: 4096)),
        ]
        event.data = [PolicyArgument(.long(-1), label: "session")]
        event.returned = PolicyArgument(.int(-1))
        event.returnAction = .post
        (event.duration, event.tid) = (12_400, 4243)
        if case .lsm = hook.target {
            event.imaHash = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        }
        event.kernelStack = [
            PolicyStackFrame(address: 0, offset: 0x1b, symbol: "do_sys_openat2", module: ""),
            PolicyStackFrame(
                address: 0xffff_ffff_8100_0000, offset: 0x120, symbol: "nft_do_chain", module: "nf_tables"),
        ]
        event.userStack = [
            PolicyStackFrame(
                address: 0x7f00_1234, offset: 0x30, symbol: "fopen64", module: "/usr/lib/libc.so.6")
        ]
        return event
    }

    /// Every value that an argument can be, with names that need care.
    var argumentVariations: [PolicyArgument] {
        var socket = PolicySocket()
        (socket.family, socket.type, socket.protocolNumber, socket.state) = (2, 1, 6, 1)
        (socket.source, socket.destination) = ([10, 0, 2, 15], [192, 0, 2, 80])
        (socket.sourcePort, socket.destinationPort) = (51_000, 443)
        (socket.mark, socket.priority, socket.cookie) = (1, 2, 20_481)
        var packet = PolicyPacket()
        (packet.hash, packet.length, packet.priority, packet.mark) = (0xdead_beef, 1500, 1, 2)
        (packet.family, packet.protocolNumber) = (10, 17)
        packet.source = Array(repeating: 0, count: 15) + [1]
        packet.destination = packet.source
        (packet.sourcePort, packet.destinationPort) = (53, 5353)
        (packet.securityPathLength, packet.securityPathOffloaded) = (2, 1)
        let file = PolicyFile(
            path: [0x2f, 0xff, 0x22], flags: SECD_PATH_TRUNCATED | SECD_PATH_DELETED, mode: 0o104755)
        let program = PolicyBPFProgram(type: 2, instructions: 12, name: Array("probe".utf8))
        return [
            PolicyArgument(.text(Array("a \"b\"\n".utf8)), label: "name"),
            PolicyArgument(.text([]), state: .unreadable), PolicyArgument(.int(0)),
            PolicyArgument(.int(.min)), PolicyArgument(.uint(.max)), PolicyArgument(.long(.min)),
            PolicyArgument(.long(0)), PolicyArgument(.size(.max)), PolicyArgument(.size(0)),
            PolicyArgument(.bytes([], of: 0)), PolicyArgument(.bytes([0, 255, 10], of: 3)),
            PolicyArgument(.bytes([1], of: 4096), state: .truncated),
            PolicyArgument(.path(file), origin: .user), PolicyArgument(.file(file), origin: .kernel),
            PolicyArgument(.program(file)), PolicyArgument(.socket(socket)),
            PolicyArgument(.socket(PolicySocket()), state: .absent), PolicyArgument(.packet(packet)),
            PolicyArgument(.address(family: 10, packet.source, port: 53)),
            PolicyArgument(.unixAddress([0] + Array("bus".utf8))),
            PolicyArgument(.device(Array("eth0".utf8))),
            PolicyArgument(.credentials(SampleProcesses.raised)),
            PolicyArgument(
                .userNamespace(PolicyUserNamespace(level: 0, owner: 0, group: 0, inode: 4_026_531_837))),
            PolicyArgument(.capability(21)), PolicyArgument(.capability(-1)),
            PolicyArgument(.capabilities(.any, 0x1ff_ffff_ffff)),
            PolicyArgument(.capabilities(.inheritable, 0)),
            PolicyArgument(.capabilities(.permitted, 1)), PolicyArgument(.capabilities(.effective, .max)),
            PolicyArgument(
                .module(PolicyModule(name: Array("rootkit".utf8), isSigned: false, taints: 8192 | 4096))),
            PolicyArgument(.bpfAttributes(program)), PolicyArgument(.bpfProgram(program)),
            PolicyArgument(
                .bpfMap(
                    PolicyBPFMap(type: 1, keySize: 4, valueSize: 8, entries: 1024, name: Array("state".utf8)))
            ),
            PolicyArgument(
                .perfEvent(
                    PolicyPerfEvent(type: 2, config: 7, probeOffset: 16, function: Array("do_exit".utf8)))),
            PolicyArgument(.bpfCommand(0)), PolicyArgument(.bpfCommand(5)), PolicyArgument(.bpfCommand(999)),
            PolicyArgument(.syscall(number: 257, .x64)), PolicyArgument(.syscall(number: 0, .i386)),
            PolicyArgument(.failure("page not resident")),
        ]
    }

    /// Events with every argument, with no policy, and with nothing at all.
    var policyVariations: [(kind: EventKind, body: Event.Body)] {
        var full = PolicyEvent(hook: Self.hook(.processKprobe), matches: Self.rules, generation: 8)
        full.arguments = argumentVariations
        (full.returnMissed, full.signalFailed, full.abi) = (true, true, .i386)
        full.attribution = .tracked
        (full.heldBack, full.count, full.interval) = (3, 412, SampleProcesses.second)
        full.fileHash = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        let empty = PolicyEvent(
            hook: PolicyHook(.function(""), mechanism: "", effect: .observe), matches: [], generation: 0)
        let offset = PolicyEvent(
            hook: PolicyHook(
                .uprobe(path: "/usr/lib/libssl.so.3", symbol: "", offset: 0x1240, counterOffset: 16),
                mechanism: "uprobe", effect: .observe), matches: [], generation: 1)
        return [
            (.processKprobe, .policy(full)), (.processKprobe, .policy(empty)),
            (.processUprobe, .policy(offset)),
            (.processLoader, .loader(LoaderEvent(path: [], buildID: [], policies: []))),
            (
                .processThrottle,
                .throttle(ThrottleEvent(begins: true, policy: "shadow-files", hook: "sys_read"))
            ),
        ]
    }
}
