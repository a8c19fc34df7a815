import CEventABI
import EventModel
import EventReference
import TestSupport
import Testing

@Suite struct PolicyTests {
    private let context = makeContext()

    private func event(
        _ target: PolicyHook.Target = .function("tcp_connect"), _ matches: [PolicyMatch] = [],
        _ fill: (inout PolicyEvent) -> Void = { _ in }
    ) -> Event {
        let hook = PolicyHook(target, mechanism: "kprobe", effect: .killBeforeReturn)
        var policy = PolicyEvent(hook: hook, matches: matches, generation: 3)
        fill(&policy)
        return makeEvent(hook.kind, SampleImage.plain().object(context), .policy(policy))
    }

    /// The JSON of one argument.
    private func argument(_ argument: PolicyArgument) throws -> JSONValue {
        let line = try json(event { $0.arguments = [argument] }, context)
        return try #require(line.at("process_kprobe.args.0"))
    }

    /// What protojson writes of each type, also where it is zero or empty: the member is set.
    @Test(
        arguments: [
            (.text([]), #"{"string_arg":""}"#), (.text(Array("a\n".utf8)), #"{"string_arg":"a\n"}"#),
            (.int(0), #"{"int_arg":0}"#), (.int(-1), #"{"int_arg":-1}"#),
            (.uint(.max), #"{"uint_arg":4294967295}"#), (.long(0), #"{"long_arg":"0"}"#),
            (.long(.min), #"{"long_arg":"-9223372036854775808"}"#), (.size(9), #"{"size_arg":"9"}"#),
            (.bytes([], of: 0), #"{"bytes_arg":""}"#), (.bytes([0, 255], of: 2), #"{"bytes_arg":"AP8="}"#),
            (
                .bytes([1], of: 4096),
                #"{"truncated_bytes_arg":{"bytes_arg":"AQ==","orig_size":"4096"}}"#
            ),
            (
                .file(PolicyFile(path: Array("/etc/shadow".utf8), mode: 0o100640)),
                #"{"file_arg":{"path":"/etc/shadow","permission":"-rw-r-----"}}"#
            ),
            (
                .path(PolicyFile(path: Array("/a".utf8), flags: SECD_PATH_TRUNCATED, mode: 0o041777)),
                #"{"path_arg":{"path":"/a","flags":"unresolvedPathComponents","permission":"drwxrwxrwt"}}"#
            ),
            (
                .program(PolicyFile(path: Array("/bin/su".utf8), mode: 0o104755)),
                #"{"linux_binprm_arg":{"path":"/bin/su","permission":"-rwsr-xr-x"}}"#
            ),
            (
                .address(family: 2, [192, 0, 2, 8], port: 80),
                #"{"sockaddr_arg":{"family":"AF_INET","addr":"192.0.2.8","port":80}}"#
            ),
            (
                .unixAddress([0, 0x62]), #"{"sockaddrun_arg":{"family":"AF_UNIX","path":"@b"}}"#
            ),
            (.device(Array("lo".utf8)), #"{"net_dev_arg":{"name":"lo"}}"#),
            (.capability(21), #"{"capability_arg":{"value":21,"name":"CAP_SYS_ADMIN"}}"#),
            (.capability(0), #"{"capability_arg":{"value":0,"name":"CAP_CHOWN"}}"#),
            (.capability(63), #"{"capability_arg":{"value":63}}"#),
            (.capabilities(.any, 0x200), #"{"kernel_cap_t_arg":"0000000000000200"}"#),
            (.capabilities(.effective, .max), #"{"cap_effective_arg":"ffffffffffffffff"}"#),
            (.bpfCommand(0), #"{"bpf_cmd_arg":"BPF_MAP_CREATE"}"#),
            (.bpfCommand(36), #"{"bpf_cmd_arg":"BPF_TOKEN_CREATE"}"#), (.bpfCommand(37), #"{"uint_arg":37}"#),
            (.syscall(number: 59, .x64), #"{"syscall_id":{"id":59,"abi":"x64"}}"#),
            (.failure("no page"), #"{"error_arg":{"Message":"no page"}}"#),
            (
                .module(PolicyModule(name: Array("m".utf8), isSigned: false, taints: 0x3000)),
                #"{"module_arg":{"name":"m","signature_ok":false,"tainted":["TAINT_OUT_OF_TREE_MODULE","TAINT_UNSIGNED_MODULE"]}}"#
            ),
            (
                .bpfMap(PolicyBPFMap(type: 27, keySize: 0, valueSize: 0, entries: 4096, name: [])),
                #"{"bpf_map_arg":{"MapType":"BPF_MAP_TYPE_RINGBUF","MaxEntries":4096}}"#
            ),
            (
                .perfEvent(PolicyPerfEvent(type: 1, config: 9, probeOffset: 0, function: Array("f".utf8))),
                #"{"perf_event_arg":{"KprobeFunc":"f","Type":"PERF_TYPE_SOFTWARE","Config":"9"}}"#
            ),
            (
                .userNamespace(PolicyUserNamespace(level: 0, owner: 0, group: 5, inode: 10)),
                #"{"user_ns_arg":{"level":0,"uid":0,"gid":5,"ns":{"inum":10,"is_host":true}}}"#
            ),
        ] as [(PolicyArgument.Value, String)])
    func values(_ value: PolicyArgument.Value, _ expected: String) throws {
        #expect(try argument(PolicyArgument(value)) == JSONValue(expected))
    }

    @Test func socketsAndPackets() throws {
        var socket = PolicySocket()
        (socket.family, socket.type, socket.protocolNumber, socket.state) = (10, 1, 6, 10)
        (socket.source, socket.sourcePort) = (Array(repeating: 0, count: 15) + [1], 80)
        let sock = try #require(try argument(PolicyArgument(.socket(socket))).at("sock_arg"))
        #expect(
            try sock
                == JSONValue(
                    #"{"family":"AF_INET6","type":"SOCK_STREAM","protocol":"IPPROTO_TCP","saddr":"::1","sport":80,"state":"TCP_LISTEN"}"#
                ))
        var packet = PolicyPacket()
        (packet.family, packet.protocolNumber, packet.length) = (2, 17, 64)
        (packet.destination, packet.destinationPort) = ([192, 0, 2, 8], 53)
        let skb = try #require(try argument(PolicyArgument(.packet(packet))).at("skb_arg"))
        #expect(
            try skb
                == JSONValue(
                    #"{"len":64,"daddr":"192.0.2.8","dport":53,"proto":17,"protocol":"IPPROTO_UDP","family":"AF_INET"}"#
                ))
    }

    @Test func whatIsSaidOfAValue() throws {
        let cut = PolicyArgument(
            .file(PolicyFile(path: [0x2f])), label: "target", state: .truncated, origin: .user)
        let value = try argument(cut)
        #expect(value["label"]?.text == "target")
        #expect(value["state"]?.text == "truncated")
        #expect(value["source"]?.text == "user")
        let whole = try argument(PolicyArgument(.int(0)))
        #expect(whole.keys == ["int_arg"])
    }

    /// Each kind has Tetragon's fields for what is hooked.
    @Test func whatIsHooked() throws {
        let probe = try json(event(.tracepoint(subsystem: "sched", event: "sched_switch")), context)
        #expect(probe.at("process_tracepoint.subsys")?.text == "sched")
        #expect(probe.at("process_tracepoint.event")?.text == "sched_switch")
        let lsm = try json(event(.lsm("file_open")), context)
        #expect(lsm.at("process_lsm.function_name")?.text == "file_open")
        let symbol = PolicyHook.Target.uprobe(path: "/bin/sh", symbol: "main", offset: 0, counterOffset: 8)
        let uprobe = try json(event(symbol), context)
        #expect(uprobe.at("process_uprobe.path")?.text == "/bin/sh")
        #expect(uprobe.at("process_uprobe.symbol")?.text == "main")
        #expect(uprobe.at("process_uprobe.offset") == nil)
        #expect(uprobe.at("process_uprobe.ref_ctr_offset")?.text == "8")
        let usdt = try json(event(.usdt(path: "/bin/p", provider: "q", name: "r")), context)
        #expect(usdt.at("process_usdt.provider")?.text == "q")
        #expect(usdt.at("process_usdt.name")?.text == "r")
    }

    /// The first gives Tetragon's fields; nobody else is forgotten.
    @Test func aThousandPoliciesOnOneCall() throws {
        let matches = (0..<1000).map {
            PolicyMatch(
                PolicyRule(policy: "p\($0)", selector: UInt32($0), message: "m\($0)", tags: ["t\($0)"]))
        }
        let line = try json(event(.function("f"), matches), context)
        let body = try #require(line["process_kprobe"])
        #expect(body["policy_name"]?.text == "p0")
        #expect(body["message"]?.text == "m0")
        #expect(body.at("tags.0")?.text == "t0")
        let listed = try #require(body["policies"]?.elements)
        #expect(listed.compactMap { $0["name"]?.text } == (0..<1000).map { "p\($0)" })
        #expect(listed[0]["message"] == nil)
        #expect(listed[999]["message"]?.text == "m999")
        #expect(listed[999]["selector"]?.integer == 999)
    }

    @Test func whatCameOfIt() throws {
        let rule = PolicyRule(policy: "p", namespace: "n", label: "l", mode: .monitor, action: .freeze)
        let line = try json(
            event(.function("f"), [PolicyMatch(rule, unknown: ["matchArgs[0]", "matchPIDs[1]"])]) {
                $0.expected = .signalled
                $0.action = .freeze
                $0.heldBack = 5
            }, context)
        let body = try #require(line["process_kprobe"])
        #expect(body["verdict"]?.text == "none")
        #expect(body["would_be"]?.text == "signalled")
        #expect(body["uncertain"] == .bool(true))
        #expect(body.at("policies.0.unknown")?.elements?.count == 2)
        #expect(body.at("policies.0.mode")?.text == "monitor")
        #expect(body.at("policies.0.selector_label")?.text == "l")
        #expect(body["effect"]?.text == "kill-before-return")
        #expect(body["held_back"]?.text == "5")
        #expect(body["generation"]?.text == "3")
        #expect(body["error"] == nil)
        // Tetragon's readers know no Freeze: they see the signal that it is.
        #expect(body["action"]?.text == "KPROBE_ACTION_SIGNAL")
        #expect(body.at("policies.0.action")?.text == "Freeze")
    }

    @Test(
        arguments: [
            (.post, "POST"), (.noPost, "NOPOST"), (.kill, "SIGKILL"), (.signal, "SIGNAL"),
            (.override, "OVERRIDE"), (.notifyEnforcer, "NOTIFYENFORCER"),
            (.cleanupEnforcer, "CLEANUPENFORCERNOTIFICATION"), (.trackSocket, "TRACKSOCK"),
            (.untrackSocket, "UNTRACKSOCK"), (.set, "SET"), (.getURL, "GETURL"), (.dnsLookup, "DNSLOOKUP"),
            (.freeze, "SIGNAL"), (.killTree, "SIGKILL"), (.killContainer, "SIGKILL"), (.count, "POST"),
        ] as [(PolicyAction, String)])
    func actions(_ action: PolicyAction, _ name: String) throws {
        let line = try json(event { $0.action = action }, context)
        #expect(line.at("process_kprobe.action")?.text == "KPROBE_ACTION_" + name)
    }

    /// Credentials and namespaces only where a policy asked for them.
    @Test func rightsOnDemand() throws {
        let plain = try json(event(.function("f"), [PolicyMatch(PolicyRule(policy: "p"))]), context)
        #expect(plain.at("process_kprobe.rights") == nil)
        let asks = PolicyMatch(PolicyRule(policy: "q", asksRights: true))
        let line = try json(event(.function("f"), [PolicyMatch(PolicyRule(policy: "p")), asks]), context)
        #expect(line.at("process_kprobe.rights.process_credentials.uid")?.integer == 0)
    }

    @Test func loaderAndThrottle() throws {
        let process = SampleImage.plain().object(context)
        let loader = LoaderEvent(
            path: Array("/lib/x.so".utf8), buildID: [1, 2, 3], policies: [PolicyRule(policy: "p")])
        let load = try json(makeEvent(.processLoader, process, .loader(loader)), context)
        #expect(load.at("process_loader.path")?.text == "/lib/x.so")
        #expect(load.at("process_loader.buildid")?.text == "AQID")
        #expect(load.at("process_loader.policies.0.name")?.text == "p")
        let throttle = ThrottleEvent(begins: false, policy: "p", hook: "sys_read", heldBack: 70)
        let end = try json(
            makeEvent(.processThrottle, nil, .throttle(throttle), origin: Origin(ring: nil)), context)
        #expect(
            try end["process_throttle"]
                == JSONValue(
                    #"{"type":"THROTTLE_STOP","policy_name":"p","hook":"sys_read","held_back":"70"}"#))
    }

    @Test func namesOfPolicies() {
        let rules = ["a", "b", "a"].map { PolicyMatch(PolicyRule(policy: $0)) }
        let policy = PolicyEvent(
            hook: PolicyHook(.lsm("x"), mechanism: "lsm", effect: .prevent), matches: rules, generation: 1)
        #expect(policy.policyNames == ["a", "b"])
        #expect(!policy.isUncertain)
    }
}
