import Configuration
import Glibc
import Testing
import YAMLReader

@Suite struct AgentConfigurationTests {
    private func load(
        _ yaml: String = "", flags: FlagLayer = [:], environment: [String: String] = [:]
    ) throws(ConfigurationError) -> AgentConfiguration {
        try AgentConfiguration.load(
            flags: flags, environment: environment, source: SourceText(file: "secd.yaml", text: yaml))
    }

    private func problems(
        _ yaml: String = "", flags: FlagLayer = [:], environment: [String: String] = [:]
    ) -> String {
        do throws(ConfigurationError) {
            _ = try load(yaml, flags: flags, environment: environment)
            return ""
        } catch { return error.description }
    }

    @Test func defaultsAreThoseOfTheTable() throws {
        let configuration = try load()
        for setting in SettingTable.all where setting.name != "node-name" {
            #expect(setting.text(in: configuration) == setting.defaultText, "\(setting.name)")
            #expect(configuration.origins[setting.name] == .builtIn)
        }
        var name = [CChar](repeating: 0, count: 256)
        unsafe gethostname(&name, 255)
        #expect(
            configuration.nodeName
                == String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }

    @Test func namesThatOthersRelyOn() {
        let flags = Set(SettingTable.all.compactMap(\.flag))
        for flag in [
            "--socket", "--export-file", "--export-journald", "--policy", "--manifests", "--metrics",
            "--state-dir",
            "--pin-dir", "--node-name", "--log-level", "--netns", "--cgroup-root", "--enrich-wait",
        ] { #expect(flags.contains(flag)) }
        #expect(Set(SettingTable.all.map(\.name)).count == SettingTable.all.count)
        #expect(flags.count == SettingTable.all.count { $0.flag != nil })
        #expect(SettingTable.all.allSatisfy { !$0.documentation.isEmpty })
    }

    @Test func flagsWinOverVariablesOverTheFile() throws {
        let yaml = "socket: /file.sock\nnode-name: file\nlog-level: debug\nstate-dir: /file\n"
        let configuration = try load(
            yaml, flags: ["--socket": "/flag.sock"],
            environment: ["SECD_SOCKET": "/variable.sock", "SECD_NODE_NAME": "variable", "HOME": "/root"])
        #expect(configuration.control.socket == "/flag.sock")
        #expect(configuration.nodeName == "variable")
        #expect(configuration.logLevel == .debug)
        #expect(configuration.origins["socket"] == .flag("--socket"))
        #expect(configuration.origins["node-name"] == .environment("SECD_NODE_NAME"))
        #expect(configuration.origins["log-level"]?.description == "secd.yaml:3")
        #expect(configuration.origins["pin-dir"] == .builtIn)
    }

    @Test func aRunningDaemonTakesOverWhatItCan() throws {
        let old = try load("log-level: info\nsocket: /a\nevents: {files: [{path: /etc}]}\n")
        let new = try load(
            "log-level: debug\nsocket: /b\nevents: {redact: [x], files: [{path: /etc, operations: [open]}]}\n"
        )
        let change = old.change(to: new)
        #expect(change.adopted == ["log-level", "events.redact"])
        #expect(change.postponed == ["socket", "events.files"])
        #expect(change.configuration.logLevel == .debug && change.configuration.events.redact == ["x"])
        #expect(change.configuration.control.socket == "/a")
        #expect(change.configuration.origins["log-level"]?.description == "secd.yaml:1")
        #expect(new.change(to: new).adopted.isEmpty && new.change(to: new).postponed.isEmpty)
    }

    @Test func problemsOfAnItemPointToTheItem() {
        let text = "events:\n  redact:\n  - a\n  - 'b('\nlog-level: info\n"
        let error = #expect(throws: ConfigurationError.self) {
            try AgentConfiguration.load(
                source: SourceText(file: "secd.yaml", text: text),
                check: { [$0.problem("events.redact", item: 1, "no expression")] })
        }
        #expect(
            error?.description == """
                secd.yaml:4:5: error: events.redact[1]: no expression
                    4 |   - 'b('
                      |     ^~~~
                """)
        // From a variable it is the variable's.
        let other = #expect(throws: ConfigurationError.self) {
            try AgentConfiguration.load(
                environment: ["SECD_EVENTS_REDACT": "a,b("],
                source: SourceText(file: "secd.yaml", text: text),
                check: { [$0.problem("events.redact", item: 1, "no expression")] })
        }
        #expect(other?.description == "SECD_EVENTS_REDACT: error: no expression")
    }

    @Test func problemsThatOnlyTheDaemonFindsPointIntoTheFile() {
        do throws(ConfigurationError) {
            _ = try AgentConfiguration.load(
                source: SourceText(file: "secd.yaml", text: "events:\n  redact: ['(']\n"),
                check: { [$0.problem("events.redact", "no expression", hint: "close it")] })
            #expect(Bool(false))
        } catch {
            #expect(
                error.description == """
                    secd.yaml:2:3: error: events.redact: no expression
                        2 |   redact: ['(']
                          |   ^~~~~~ close it
                    """)
        }
    }

    @Test func listsAreReplacedByTheHigherLayer() throws {
        var flags = FlagLayer()
        flags.add("--policy", "/a")
        flags.add("--policy", "/b")
        #expect(try load("policy: [/x]").policies == ["/x"])
        #expect(try load("policy: /x").policies == ["/x"])
        #expect(try load("policy: [/x]", environment: ["SECD_POLICY": "/y,/z"]).policies == ["/y", "/z"])
        #expect(try load("policy: [/x]", flags: flags).policies == ["/a", "/b"])
        #expect(try load("policy:").policies == [])
    }

    @Test func relativePathsOfFlagsStartHere() throws {
        let here = unsafe String(cString: getcwd(nil, 0))
        #expect(try load(flags: ["--state-dir": "state"]).stateDirectory == "\(here)/state")
        #expect(problems("state-dir: state").contains("\"state\" is not absolute"))
        #expect(
            problems(environment: ["SECD_STATE_DIR": "state"]).contains(
                "SECD_STATE_DIR: error: \"state\" is not absolute"))
    }

    @Test(arguments: [
        ("off", "off"), ("in-cluster", "in-cluster"), ("/etc/secd/kubeconfig", "/etc/secd/kubeconfig"),
        ("''", "off"),
    ])
    func theClusterIsOffAWordOrAPath(written: String, read: String) throws {
        #expect(try load("workloads:\n  kubernetes: \(written)").workloads.kubernetes == read)
        #expect(problems("workloads:\n  kubernetes: config").contains("\"config\" is not absolute"))
    }

    @Test(arguments: [
        ("auto", "auto"), ("off", "off"), ("''", "off"),
        ("https://127.0.0.1:10250", "https://127.0.0.1:10250"),
    ])
    func theKubeletIsAWordOrAURL(written: String, read: String) throws {
        #expect(try load("workloads:\n  kubelet:\n    server: \(written)").workloads.kubelet.server == read)
        #expect(try load("").workloads.kubelet.server == "auto")
        let words = "expected auto, off or a URL, found \"127.0.0.1\""
        #expect(problems("workloads:\n  kubelet:\n    server: 127.0.0.1").contains(words))
    }

    @Test func allProblemsOfAllLayersAreListed() {
        let text = problems(
            """
            sokcet: /x
            export:
              file:
                path: /var/log/x.json
                max-size: 10Q
                permissions: 0644
              journald: maybe
            rings: {lifecycle: 3M}
            events:
              files:
                - path: /etc
                  operations: [open, crate]
                - operations: []
            """, flags: ["--log-level": "loud", "--bogus": "1"],
            environment: ["SECD_METRICS": "2112", "SECD_EXPORT_JOURNALD": "perhaps"])
        #expect(
            text == """
                secd.yaml:1:1: error: sokcet: unknown key
                    1 | sokcet: /x
                      | ^~~~~~ did you mean "socket"?
                secd.yaml:5:15: error: export.file.max-size: expected a size, found "10Q"
                    5 |     max-size: 10Q
                      |               ^~~ like 64K, 16M or 1G
                secd.yaml:6:18: error: export.file.permissions: 0644 would let everybody at the events, which hold command lines
                    6 |     permissions: 0644
                      |                  ^~~~ 0600, or 0640 for a group
                secd.yaml:7:13: error: export.journald: expected true or false, found "maybe"
                    7 |   journald: maybe
                      |             ^~~~~
                secd.yaml:8:20: error: rings.lifecycle: a ring is a power of two from 64K to 1G
                    8 | rings: {lifecycle: 3M}
                      |                    ^~ like 8M
                secd.yaml:12:26: error: events.files[0].operations[1]: unknown value "crate"
                   12 |       operations: [open, crate]
                      |                          ^~~~~ did you mean "create"?
                secd.yaml:13:7: error: events.files[1]: "path" is missing
                   13 |     - operations: []
                      |       ^
                SECD_METRICS: error: expected host:port, found "2112" (like 127.0.0.1:2112 or [::1]:2112)
                SECD_EXPORT_JOURNALD: error: expected true or false, found "perhaps"
                --bogus: error: unknown flag
                --log-level: error: unknown value "loud" (one of: trace, debug, info, notice, warning, error, critical)
                """)
    }

    @Test func mutualTLSIsAllOrNothing() throws {
        let text = problems("tcp:\n  address: 0.0.0.0:54321\n  key: /k\n")
        #expect(
            text.contains(
                "secd.yaml:2:3: error: tcp.address: is served with mutual TLS only, and tcp.certificate is not set"
            ))
        #expect(text.contains("tcp.client-ca is not set"))
        #expect(
            problems("tcp: {certificate: /c}").contains("tcp.certificate: has no effect without tcp.address"))
        let tcp = try load("tcp: {address: '[::1]:54321', certificate: /c, key: /k, client-ca: /a}").tcp
        #expect(tcp.address == NetworkAddress(host: "::1", port: 54321))
        #expect(tcp.administrators.isEmpty)
        let named = try load(
            "tcp: {address: '[::1]:54321', certificate: /c, key: /k, client-ca: /a, administrators: [ops, 'CN=o,O=E']}"
        )
        #expect(named.tcp.administrators == ["ops", "CN=o,O=E"])
    }

    @Test func theFileSinkCanBeSwitchedOffAndKeepsItsSettings() throws {
        #expect(try load(flags: ["--export-file": ""]).export.file == nil)
        let back = try load("export: {file: {path: '', max-backups: 9}}", flags: ["--export-file": "/x.json"])
        #expect(back.export.file?.path == "/x.json")
        #expect(back.export.file?.maxBackups == 9)
    }

    @Test func aMisspeltVariableIsWarnedAbout() throws {
        let configuration = try load(environment: ["SECD_SOKCET": "/x", "SECD_SERVICE_HOST": "10.0.0.1"])
        #expect(
            configuration.warnings.map { $0.rendered() } == [
                "SECD_SOKCET: warning: is not a variable of secd and has no effect (did you mean SECD_SOCKET?)"
            ])
    }

    @Test(arguments: ["", "# nothing\n", "---\n", "null\n"]) func anEmptyFileIsFine(_ text: String) throws {
        #expect(try load(text).control.socket == "/run/secd/secd.sock")
    }

    @Test func aListOrASecondDocumentIsNoConfiguration() {
        #expect(
            problems("- a\n").contains("secd.yaml:1:1: error: expected a mapping (key: value), found a list"))
        #expect(
            problems("socket: /a\n---\nsocket: /b\n").contains("a second document; the configuration is one"))
    }

    @Test func aSocketPathMustFitTheKernel() {
        #expect(
            problems("socket: /\(String(repeating: "x", count: 107))").contains(
                "a socket's path has 1 to 107 bytes, this one 108"))
    }

    @Test func anAbsentFileIsAnErrorOnlyWhenNamed() throws {
        do throws(ConfigurationError) {
            _ = try AgentConfiguration.load(file: "/nonexistent/secd.yaml")
            #expect(Bool(false))
        } catch {
            #expect(
                error.description
                    == "/nonexistent/secd.yaml: error: cannot be read: No such file or directory (create it, or leave --config out)"
            )
        }
        #expect(throws: ConfigurationError.self) {
            try AgentConfiguration.load(environment: ["SECD_CONFIG": "/nonexistent/x"])
        }
        #expect(throws: ConfigurationError.self) { try AgentConfiguration.load(file: "/etc") }
        if unsafe access(AgentConfiguration.defaultFile, F_OK) != 0 { _ = try AgentConfiguration.load() }
    }

    /// The shipped file must load, and name every setting.
    @Test func theShippedFileIsWholeAndLoads() throws {
        let path = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined() + "/export/secd.yaml"
        let configuration = try AgentConfiguration.load(file: path)
        #expect(configuration.export.journald)
        #expect(configuration.export.file == AgentConfiguration().export.file)
        let text = try String(decoding: #require(contents(path)), as: UTF8.self)
        for setting in SettingTable.all {
            let key = setting.name.split(separator: ".").last.map(String.init) ?? ""
            #expect(text.contains("\(key):"), "\(setting.name)")
        }
        // Uncommented, it is still right: no example may rot.
        let examples = text.split(separator: "\n", omittingEmptySubsequences: false).map {
            line -> Substring in
            guard let mark = line.firstIndex(of: "#"), line[..<mark].allSatisfy({ $0 == " " }) else {
                return line
            }
            let rest = line[line.index(mark, offsetBy: 1)...].drop { $0 == " " }
            let isSetting =
                rest.hasPrefix("- ")
                || rest.prefix { $0.isLowercase || $0 == "-" || $0.isNumber }.count > 0
                    && rest.drop { $0.isLowercase || $0 == "-" || $0.isNumber }.hasPrefix(":")
            guard isSetting else { return "" }
            return line[..<mark]
                + line[line.index(mark, offsetBy: 1)...].dropFirst(
                    line[line.index(mark, offsetBy: 1)...].first == " " ? 1 : 0)
        }
        let all = try load(examples.joined(separator: "\n"))
        #expect(all.events.files.count == 2)
        #expect(all.events.redact.count == 2)
        #expect(all.tcp.address?.port == 54321)
        #expect(all.scope.networkNamespace == "/run/netns/node1")
    }

    private func contents(_ path: String) -> [UInt8]? {
        guard let file = unsafe fopen(path, "re") else { return nil }
        defer { unsafe fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = unsafe fread(&bytes, 1, bytes.count, file)
        return Array(bytes[..<count])
    }
}
