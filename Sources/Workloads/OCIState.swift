import FoundationEssentials
import LinuxSystem
import WorkloadModel

/// What runc and crun write about a container into their state directory, as far as it is asked for.
enum OCIState {
    /// runc's grow with the seccomp profile: some hundred KiB.
    static let longestState = 8 << 20
    /// A container's configuration, likewise.
    private static let longestBundle = 8 << 20

    /// `state.json` of runc (libcontainer's `State`).
    // swift-format-ignore: AlwaysUseLowerCamelCase
    private struct Runc: Decodable {
        var id: String
        var init_process_pid: Int64?
        var created: String?
        var config: Config?
        var cgroup_paths: [String: String]?

        struct Config: Decodable {
            var labels: [String]?
            var rootfs: String?
        }
    }

    /// `status` of crun (`libcrun_container_status_s`).
    private struct Crun: Decodable {
        var pid: Int64?
        var bundle: String?
        var created: String?
        var cgroupPath: String?

        enum CodingKeys: String, CodingKey {
            case pid, bundle, created
            case cgroupPath = "cgroup-path"
        }
    }

    /// `config.json` of a bundle.
    struct Bundle: Decodable {
        var annotations: [String: String]?
    }

    /// A container by runc's file; nil where the text is no such file.
    static func runc(_ bytes: [UInt8], cgroups: CgroupFiles) -> Workload? {
        guard let state = try? JSONDecoder().decode(Runc.self, from: Data(bytes)), !state.id.isEmpty else {
            return nil
        }
        var annotations: [String: String] = [:]
        var bundle = ""
        for label in state.config?.labels ?? [] {
            let parts = label.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { continue }
            if parts[0] == "bundle" {
                bundle = String(parts[1])
            } else {
                annotations[String(parts[0])] = String(parts[1])
            }
        }
        var workload = Workload(kind: .container, id: state.id, name: state.id, runtime: "runc")
        workload.pid = UInt32(clamping: state.init_process_pid ?? 0)
        workload.started = state.created.map(RFC3339.nanoseconds) ?? 0
        // With one hierarchy it has the key "", in hybrid ones it stands among those of controllers.
        let paths = (state.cgroup_paths ?? [:]).values.sorted { $0.count < $1.count }
        workload.cgroup =
            paths.lazy.compactMap(cgroups.path(ofDirectory:)).first
            ?? cgroups.path(ofProcess: workload.pid) ?? ""
        OCIAnnotations.apply(annotations.merging(bundleAnnotations(bundle)) { own, _ in own }, to: &workload)
        leaveToEngine(&workload)
        return workload
    }

    /// An id that an engine drew: the engine has a name for it.
    static func leaveToEngine(_ workload: inout Workload) {
        guard workload.pod == nil, workload.name == workload.id, workload.id.utf8.count == 64,
            workload.id.allSatisfy(\.isHexDigit)
        else { return }
        workload.name = ""
        workload.naming = .pending
    }

    /// A container by crun's file, whose directory has its id for a name.
    static func crun(_ bytes: [UInt8], id: String, cgroups: CgroupFiles) -> Workload? {
        guard let state = try? JSONDecoder().decode(Crun.self, from: Data(bytes)) else { return nil }
        var workload = Workload(kind: .container, id: id, name: id, runtime: "crun")
        workload.pid = UInt32(clamping: state.pid ?? 0)
        workload.started = state.created.map(RFC3339.nanoseconds) ?? 0
        let path = state.cgroupPath ?? ""
        workload.cgroup = path.hasPrefix("/") ? path : cgroups.path(ofProcess: workload.pid) ?? ""
        OCIAnnotations.apply(bundleAnnotations(state.bundle ?? ""), to: &workload)
        leaveToEngine(&workload)
        return workload
    }

    private static func bundleAnnotations(_ bundle: String) -> [String: String] {
        guard bundle.hasPrefix("/"),
            let bytes = BoundedFile.read(bundle + "/config.json", limit: longestBundle),
            let parsed = try? JSONDecoder().decode(Bundle.self, from: Data(bytes))
        else { return [:] }
        return parsed.annotations ?? [:]
    }
}

/// Times as runtimes write them: `2026-11-21T22:57:19.123456789Z`, also with an offset.
package enum RFC3339 {
    /// Nanoseconds since 1970; 0 for what is no such time, or before 1970.
    package static func nanoseconds(_ text: String) -> UInt64 {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes[4] == UInt8(ascii: "-"), bytes[10] == UInt8(ascii: "T") else {
            return 0
        }
        func number(_ range: Range<Int>) -> Int { Int(String(decoding: bytes[range], as: UTF8.self)) ?? -1 }
        let (year, month, day) = (number(0..<4), number(5..<7), number(8..<10))
        let (hour, minute, second) = (number(11..<13), number(14..<16), number(17..<19))
        guard year >= 1970, (1...12).contains(month), (1...31).contains(day), (0..<24).contains(hour),
            (0..<60).contains(minute), (0...60).contains(second)
        else { return 0 }
        var index = 19
        var fraction: UInt64 = 0
        if bytes[index] == UInt8(ascii: ".") {
            index += 1
            var unit: UInt64 = 100_000_000
            while index < bytes.count, let digit = Optional(bytes[index]), (48...57).contains(digit) {
                fraction += UInt64(digit - 48) * unit
                unit /= 10
                index += 1
            }
        }
        var offset = 0
        if index + 6 <= bytes.count, bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-") {
            let minutes = number(index + 1..<index + 3) * 60 + number(index + 4..<index + 6)
            offset = bytes[index] == UInt8(ascii: "+") ? minutes * 60 : -minutes * 60
        }
        let seconds = days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset
        return seconds < 0 ? 0 : UInt64(seconds) * 1_000_000_000 + fraction
    }

    /// Days since 1970-01-01 (Howard Hinnant, "chrono-compatible low-level date algorithms", days_from_civil).
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let y = month <= 2 ? year - 1 : year
        let era = y / 400
        let yearOfEra = y - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }
}
