import EventFilters
import EventModel
import Testing

@Suite struct CELTests {
    /// Nil where the expression has no value for the line.
    private func value(_ text: String, _ line: String = execLine) throws -> Bool? {
        try CELProgram(text).evaluate(event(line))
    }

    @Test(arguments: [
        "process_exec.process.binary == '/usr/bin/curl'",
        "process_exec.process.pid == 4711 && process_exec.process.pid > 10u && 4711.0 == process_exec.process.pid",
        "process_exec.process.uid != 0",
        "process_exec.process.binary.startsWith(\"/usr/\")",
        "process_exec.process.binary.endsWith('curl')",
        "process_exec.process.arguments.contains(r'://')",
        "process_exec.process.binary.matches('^/usr/.*/cu?rl$')",
        "matches(process_exec.process.binary, 'curl')",
        "process_exec.process.arguments.matches(process_exec.process.arguments)",
        "size(process_exec.process.binary) == 13 && process_exec.process.binary.size() == 13",
        "process_exec.process.pod.pod_labels['app'] == 'web'",
        "'tier' in process_exec.process.pod.pod_labels",
        "process_exec.process.binary in ['/bin/sh', '/usr/bin/curl',]",
        "process_exec.process.cap.permitted.exists(c, c == 'CAP_CHOWN')",
        "process_exec.process.cap.permitted.exists_one(c, c.startsWith('CAP_'))",
        "process_exec.ancestors.all(a, a.pid < 100)",
        "process_exec.ancestors.filter(a, a.pid == 1).size() == 1",
        "process_exec.ancestors.map(a, a.pid) == [10, 1]",
        "process_exec.ancestors.map(a, a.pid > 1, a.binary) == ['/usr/bin/containerd-shim']",
        "process_exec.process.pid.not_a_message == 0",
        "process_exec.ancestors[1].binary == '/usr/lib/systemd/systemd'",
        "process_exec.ancestors.exists(a, process_exec.process.cap.effective.exists(c, c == 'CAP_CHOWN' && a.pid == 1))",
        "process_exec.process.pid % 10 == 1 ? true : false",
        "has(process_exec.process.pod) && !has(process_exec.process.ns) && !has(process_exit.status)",
        "1 + 2 * 3 == 7 && (1 + 2) * 3 == 9 && 7 / 2 == 3 && -7 % 3 == -1 && 1.5 + 1 == 2.5",
        "'a' + 'b' == 'ab' && [1] + [2] == [1, 2] && 'a' < 'b' && {'k': 1}['k'] == 1",
        "int('5') == 5 && uint(5) == 5u && double(2) == 2.0 && string(5) == '5' && bool('true') && dyn(1) == 1",
        "0x10 == 16 && 1e3 == 1000.0 && .5 == 0.5 && -9223372036854775808 < 0 && 18446744073709551615u > 0",
        "'\\u00e4\\n\\x41\\101' == 'ä\\nAA' && '''a\n'b''' == \"a\\n'b\"",
        "!(1 > 2) && !!true && --1 == 1 && !false",
        "isIP('10.0.0.1') && !isIP('10.0.0.256') && isCIDR('fe80::/10') && !isCIDR('10.0.0.0/33')",
        "cidr('10.0.0.0/8').containsIP('10.1.2.3') && cidr('10.0.0.0/8').containsIP(ip('::ffff:10.1.2.3'))",
        "cidr('2001:db8::/32').containsIP(ip('2001:db8::1')) && !cidr('10.0.0.0/8').containsIP('fe80::1')",
        "cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16') && !cidr('10.1.0.0/16').containsCIDR(cidr('10.0.0.0/8'))",
        "ip('127.0.0.1').isLoopback() && ip('::1').isLoopback() && ip('fe80::1').isLinkLocalUnicast()",
        "ip('8.8.8.8').isGlobalUnicast() && ip('0.0.0.0').isUnspecified() && ip('224.0.0.1').isLinkLocalMulticast()",
        "ip('::1').family() == 6 && ip.isCanonical('2001:db8::1') && !ip.isCanonical('2001:DB8::1')",
        "cidr('10.1.2.3/8').masked() == cidr('10.0.0.0/8') && cidr('10.1.2.3/8').prefixLength() == 8",
        "cidr('10.1.2.3/8').ip() == ip('10.1.2.3') && string(ip('2001:0db8:0:0::1')) == '2001:db8::1'",
        "// a comment\n true",
    ])
    func holds(_ text: String) throws {
        #expect(try value(text) == true)
    }

    /// What the exporter leaves out has its default, as an unset protobuf field has.
    @Test func unsetFieldsAreDefaults() throws {
        #expect(
            try value("process_exit.status == 0 && process_exit.signal == '' && !process_exit.core", exitLine)
                == true)
        #expect(try value("process_exit.process.pod.name == ''", exitLine) == true)
        #expect(
            try value("process_exit.ancestors.size() == 0 && process_exit.ancestors == []", exitLine) == true)
        #expect(try value("process_exit.signal.startsWith('SIG')", exitLine) == false)
        #expect(try value("process_exit.ancestors.exists(a, a.pid == 1)", exitLine) == false)
    }

    /// 64-bit numbers are texts in JSON.
    @Test func textsOfNumbersCompareAsNumbers() throws {
        #expect(
            try value("process_exit.duration > 4999999 && process_exit.duration / 1000 == 5000", exitLine)
                == true)
        #expect(
            try value("process_exit.usage.cpu_time < 10000u && process_exit.duration < 5000001.0", exitLine)
                == true)
    }

    @Test func anotherKindOfEventHasNoValue() throws {
        #expect(try value("process_exit.status == 0") == nil)
        #expect(try value("!(process_exit.status == 0)") == nil)
        #expect(try value("process_kprobe.function_name == ''") == nil)
        // An operand that decides wins over one that fails.
        #expect(try value("process_exit.status == 0 || process_exec.process.pid == 4711") == true)
        #expect(try value("process_exit.status == 0 && process_exec.process.pid == 1") == false)
        #expect(try value("process_exit.status == 0 || process_exec.process.pid == 1") == nil)
    }

    @Test(arguments: [
        "process_exec.process.binary > 5", "process_exec.process.binary.exists(a, true)", "1 / 0 == 1",
        "9223372036854775807 + 1 > 0", "process_exec.process.pod.pod_labels['no'] == ''", "[1][1] == 1",
        "[1][-1] == 1",
        "process_exec.process.pid.startsWith('4')", "ip('x') == ip('y')", "process_exec.process && true",
        "1u - 2u > 0u",
        "int('x') == 1", "true + true == true", "cidr('10.0.0.0/8').containsIP('x')",
        "process_exec.ancestors[0].pid.a == 1",
    ])
    func failsWithoutAValue(_ text: String) throws {
        #expect(try value(text) == nil)
    }

    @Test func aFilterIsAnyOfItsExpressionsUntilOneFails() throws {
        #expect(try matches { $0.celExpression = ["false", "process_exec.process.pid == 4711"] })
        #expect(try matches { $0.celExpression = ["process_exit.status == 0", "true"] } == false)
        #expect(try matches { $0.celExpression = ["true", "process_exit.status == 0"] })
    }

    @Test(arguments: [
        ("", 0), ("process_exec.process.pid ==", 27), ("process_exe.process.pid == 1", 0), ("1 +", 3),
        ("(1 == 1", 7), ("a.b", 0),
        ("process_exec.process.pid", nil), ("foo(1)", 0), ("'abc", 0), ("'a\\q'", 2), ("1 == 1 1", 7),
        ("1 = 1", 2), ("99999999999999999999 == 1", 0),
        ("process_exec.process.binary.foo()", 28), ("size() == 1", 0),
        ("process_exec.process.binary.matches('(')", 28),
        ("[1].all(1, true)", 4), ("[1].all(x, x > 0) && x > 0", 21), ("has(1)", 0), ("has(process_exec)", 0),
        ("true ? 1", 8), ("a", 0), ("#", 0),
        ("1 + 1", 0), ("'text'", 0), ("[true]", 0), ("-!true", 1), ("process_exec.", 13),
        ("process_exec.process..pid == 1", 21), ("true in", 7), ("5abc == 1", 1), ("'\\ud800' == ''", 1),
    ])
    func refusesWithAPosition(_ text: String, _ position: Int?) {
        if position == nil {
            // A field may be a truth value: only the event tells.
            #expect(throws: Never.self) { try CELProgram(text) }
            return
        }
        let error = #expect(throws: FilterError.self) { try CELProgram(text) }
        #expect(error?.position == position, "\(error?.description ?? "")")
    }

    @Test func isBounded() throws {
        #expect(throws: FilterError.self) {
            try CELProgram(
                String(repeating: "(", count: 4_000) + "true" + String(repeating: ")", count: 4_000))
        }
        #expect(throws: FilterError.self) {
            try CELProgram("1" + String(repeating: "+1", count: 4_000) + " == 1")
        }
        #expect(throws: FilterError.self) {
            try CELProgram(String(repeating: "true || ", count: 2_000) + "true")
        }
        #expect(throws: FilterError.self) {
            try CELProgram("process_exec" + String(repeating: ".a", count: 4_000) + " == 1")
        }
        #expect(throws: FilterError.self) { try CELProgram(String(repeating: "!", count: 8_000) + "true") }
        #expect(throws: FilterError.self) { try CELProgram(String(repeating: "[", count: 8_000)) }
        // Long chains of conditions are fine.
        #expect(try value(String(repeating: "false||", count: 1_000) + "true") == true)
        // 20^5 rounds would be 3 million.
        let list = "[" + (0..<20).map { "\($0)" }.joined(separator: ",") + "]"
        let rounds =
            "\(list).all(a, \(list).all(b, \(list).all(c, \(list).all(d, \(list).all(e, a + b + c + d + e >= 0)))))"
        #expect(try value(rounds) == nil)
    }
}
