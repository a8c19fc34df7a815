import Glibc

/// A policy with the actions that need rights: it refuses a file, and ends trees and containers.
struct UnitPolicy {
    /// Arguments of umask that nobody else gives, octal.
    private static let (tree, container) = ("0651", "0652")
    private static let nobody = "65534"

    let file: String
    private let folder: Folder
    private var secret: String { folder / "secret" }

    /// - Parameter folder: where the policy and the refused file are made.
    init(_ folder: Folder) throws {
        self.folder = folder
        let secret = try folder.write("secret", "secret")
        file = try folder.write(
            "unit.yaml",
            """
            apiVersion: cilium.io/v1alpha1
            kind: TracingPolicy
            metadata:
              name: unit
            spec:
              lsmhooks:
              - hook: file_open
                args:
                - {index: 0, type: file}
                selectors:
                - matchArgs:
                  - {index: 0, operator: Equal, values: ["\(secret)"]}
                  matchActions:
                  - {action: Override, argError: -1}
              kprobes:
              - call: sys_umask
                syscall: true
                args:
                - {index: 0, type: int}
                selectors:
                - matchArgs:
                  - {index: 0, operator: Equal, values: ["\(Self.tree)"]}
                  matchActions:
                  - {action: KillTree}
                - matchArgs:
                  - {index: 0, operator: Equal, values: ["\(Self.container)"]}
                  matchActions:
                  - {action: KillContainer}

            """)
    }

    /// Whether the file cannot be read; before the policy runs it can.
    var isSecretRefused: Bool { (try? Run.program(["/bin/cat", secret]).ending) == .code(1) }

    /// A shell of another user has a child and does what its tree is killed for. Returns the child.
    func killTree() throws -> Int32 {
        let run = try Run.program([
            "/usr/bin/setpriv", "--reuid", Self.nobody, "--clear-groups",
            "/bin/sh", "-c", "sleep 60 & echo $!; umask \(Self.tree)",
        ])
        guard run.ending == .signal(SIGKILL), let child = run.lines.first.flatMap({ Int32($0) }) else {
            throw Failure("the shell was not killed: \(run.ending)\n\(run.errors)")
        }
        return child
    }

    /// A process of the container does what the container is killed for.
    func kill(_ container: Container) throws -> Ending {
        let command = ["/bin/sh", "-c", "umask \(Self.container)"]
        return try Run.program(container.cgroup.wrapper + command).ending
    }

    /// Whether a process has not ended; who has ended may wait for its parent.
    static func isAlive(_ pid: Int32) -> Bool {
        let status = readText("/proc/\(pid)/stat")
        return !status.isEmpty && !status.contains(") Z ")
    }

    /// A cgroup as Docker names them, owned by another user as those of rootless containers, with a process.
    struct Container {
        fileprivate let cgroup: TestCgroup
        let bystander: Program

        init() throws {
            let own = String(UInt16.random(in: 0x1000 ... .max), radix: 16)
            let cgroup = try TestCgroup("docker-\(String(repeating: "5ecd", count: 15) + own).scope")
            try Run.shell("chown -R \(UnitPolicy.nobody) \(cgroup.path)")
            let bystander = try Program(cgroup.wrapper + ["/bin/sleep", "60"])
            guard eventually(30, { readText(cgroup.path + "/cgroup.procs") == "\(bystander.pid)\n" }) else {
                throw Failure("\(cgroup.path) cannot be entered")
            }
            self.cgroup = cgroup
            self.bystander = bystander
        }
    }
}
