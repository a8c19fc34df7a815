import FilePrevention
import PolicyCompiler
import PolicyModel

/// Calls that fanotify asks about before they happen.
struct FileCalls: Hashable {
    /// What is asked; `.content` becomes `.read` where an entry asks for reads.
    var events: FileEvents
    /// Position of the argument that is the file.
    var file: Int
    /// Position of the argument that says how it is accessed (MAY_READ, MAY_WRITE); nil = there is none.
    var access: Int?
    /// What is seen otherwise than at the point itself, in sentences.
    var blindSpots: [String] = []

    /// What stands in reports: the mechanism, how long what it prevents is prevented, and what it needs.
    static let mechanism = "fanotify"
    static let duration = "while secd lives"
    static let condition = "fanotify asks about files that matchArgs names by Equal or Prefix"

    /// MAY_READ, as conditions see it.
    static let mayRead: UInt64 = 4

    /// The calls of a point; nil = fanotify does not know them.
    init?(_ point: AttachPoint) {
        let hook: String
        switch point {
        case .lsm(let name): hook = name
        case .function(let symbol) where symbol.hasPrefix("security_"):
            hook = String(symbol.dropFirst("security_".count))
        case .syscall(let name):
            guard let file = Self.paths[name] else { return nil }
            let isExecution = name.hasPrefix("exec")
            self.init(
                events: isExecution ? .execute : .open, file: file, access: nil,
                blindSpots: [
                    isExecution
                        ? "every way to run the file counts, and the loader of a program is such a file, too"
                        : "every way to open the file counts: open, openat, openat2, io_uring"
                ])
            return
        default: return nil
        }
        switch hook {
        case "file_open": self.init(events: .open, file: 0, access: nil)
        case "bprm_check_security", "bprm_check", "bprm_creds_for_exec":
            self.init(
                events: .execute, file: 0, access: nil,
                blindSpots: ["the loader of a program is asked about as the program is"])
        case "file_permission":
            self.init(
                events: .content, file: 0, access: 1,
                blindSpots: [
                    "descriptors that were open before the policy came are not asked about, but for "
                        + "truncations"
                ])
        default: return nil
        }
    }

    private init(events: FileEvents, file: Int, access: Int?, blindSpots: [String] = []) {
        self.events = events
        self.file = file
        self.access = access
        self.blindSpots = blindSpots
    }

    private static let paths = [
        "open": 0, "creat": 0, "openat": 1, "openat2": 1, "execve": 0, "execveat": 1,
    ]

    /// What all of its hooks do not see.
    static let common = [
        "a hard link that is made later, to a file that came later, is not asked about",
        "when secd ends, calls that wait and all later ones pass",
    ]
}

extension CheckedSelector {
    /// The files that it is about, at a point whose argument `position` is the file: those of its first
    /// condition that names some. Nil = it names none.
    func files(_ position: Int, _ columns: [Column]) -> (paths: [String], isPrefix: Bool)? {
        for condition in conditions where !condition.isNegated {
            guard case .column(let index, let facet) = condition.subject, facet == .path || facet == .text,
                columns[index].source == .argument(position), columns[index].path.isEmpty
            else { continue }
            let texts: [[UInt8]]
            var isPrefix = false
            switch condition.test {
            case .equal(let values): texts = values
            case .prefix(let values):
                texts = values
                isPrefix = true
            default: continue
            }
            let paths = texts.map { String(decoding: $0, as: UTF8.self) }
            guard paths.allSatisfy({ $0.hasPrefix("/") }) else { continue }
            return (paths, isPrefix)
        }
        return nil
    }
}
