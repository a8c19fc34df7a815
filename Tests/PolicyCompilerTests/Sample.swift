import PolicyCompiler
import PolicyModel
import Testing
import YAMLReader

/// Policies for tests.
enum Sample {
    /// A policy with this `spec`, which starts at line 6; its lines are indented by two here.
    static func policy(_ spec: String, kind: String = "TracingPolicy") -> String {
        """
        apiVersion: cilium.io/v1alpha1
        kind: \(kind)
        metadata:
          name: sample
        spec:
        \(spec.split(separator: "\n", omittingEmptySubsequences: false).map { "  " + $0 }.joined(separator: "\n"))

        """
    }

    static func check(_ text: String, _ settings: CheckSettings = CheckSettings()) -> PolicyBatch {
        var batch = PolicyBatch(settings)
        batch.add(file: "p.yaml", bytes: Array(text.utf8))
        return batch
    }

    /// `line:column: severity: message (hint)` of everything that is wrong.
    static func findings(_ text: String, _ settings: CheckSettings = CheckSettings()) -> [String] {
        check(text, settings).files.flatMap(\.diagnostics).map { found in
            "\(found.line):\(found.column): \(found.severity.rawValue): \(found.message)"
                + (found.hint.isEmpty ? "" : " (\(found.hint))")
        }
    }

    /// A small kernel.
    static var kernel: FixedKernelTypes {
        var kernel = FixedKernelTypes(release: "6.0-test")
        let int = KernelType("int", .integer(IntegerShape(bytes: 4, isSigned: true)))
        let long = KernelType("unsigned long", .integer(IntegerShape(bytes: 8, isSigned: false)))
        let pointer = { (name: String) in
            KernelType("struct \(name) *", .pointer(KernelType("struct \(name)", .structure(name))))
        }
        let char = KernelType("char", .integer(IntegerShape(bytes: 1, isSigned: true)))
        kernel.functions = [
            "security_file_permission": KernelFunction(
                [.init("file", pointer("file")), .init("mask", int)], returning: int),
            "tcp_connect": KernelFunction([.init("sk", pointer("sock"))], returning: int),
            "fd_install": KernelFunction(
                [.init("fd", int), .init("file", pointer("file"))], returning: KernelType("void", .void)),
            "do_thing": KernelFunction(
                [.init("size", long), .init("task", pointer("task_struct"))], returning: long),
        ]
        kernel.lsmHooks = ["file_open": KernelFunction([.init("file", pointer("file"))], returning: int)]
        kernel.tracepoints = [
            "raw_syscalls:sys_enter": (0..<6).map { .init("f\($0)", long) }
        ]
        kernel.structures = [
            "task_struct": [
                "mm": pointer("mm_struct"), "comm": KernelType("char[16]", .array(char, count: 16)),
                "cred": pointer("cred"),
            ],
            "mm_struct": ["owner": pointer("task_struct"), "flags": long],
            "cred": ["uid": KernelType("struct kuid_t", .structure("kuid_t"))],
            "kuid_t": ["val": KernelType("unsigned int", .integer(IntegerShape(bytes: 4, isSigned: false)))],
        ]
        return kernel
    }
}

extension Sample {
    /// A hook with one selector; the selector starts at line 16.
    static func selector(_ body: String, arg: String = "file", options: String = "") -> String {
        policy(
            """
            kprobes:
            - call: security_file_permission
              syscall: false
              args:
              - index: 0
                type: \(arg)
              - index: 1
                type: int
              selectors:
            \(body.split(separator: "\n").map { "  " + $0 }.joined(separator: "\n"))\(options)
            """)
    }

    /// A policy with this below a section.
    static func hook(_ body: String, section: String = "kprobes") -> String {
        policy("\(section):\n" + body)
    }
}
