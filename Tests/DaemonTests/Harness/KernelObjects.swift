import Foundation

/// Programs, maps and links of a process, by the kernel's own numbers: what is asked for after its end.
struct KernelObjects {
    let programs: Set<Int>
    let maps: Set<Int>
    let links: Set<Int>

    /// What the descriptors of a process refer to.
    init(of pid: Int32) {
        var found: [String: Set<Int>] = [:]
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fdinfo")) ?? [] {
            for line in readText("/proc/\(pid)/fdinfo/\(name)").split(separator: "\n") {
                let parts = line.split { $0 == ":" || $0 == "\t" || $0 == " " }
                guard parts.count == 2, let number = Int(parts[1]) else { continue }
                found[String(parts[0]), default: []].insert(number)
            }
        }
        programs = found["prog_id"] ?? []
        maps = found["map_id"] ?? []
        links = found["link_id"] ?? []
    }

    /// Those that still exist. The kernel takes them down after the process, in its own time.
    var remaining: Int {
        get throws {
            try Self.listed("prog").intersection(programs).count + Self.listed("map").intersection(maps).count
                + Self.listed("link").intersection(links).count
        }
    }

    private static func listed(_ kind: String) throws -> Set<Int> {
        let run = try Run.program([Programs.path(of: "bpftool") ?? "bpftool", "-j", kind, "list"])
        let rows = try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [[String: Any]] ?? []
        return Set(rows.compactMap { $0["id"] as? Int })
    }

    static var canBeListed: Bool { Programs.isInstalled("bpftool") }
}
