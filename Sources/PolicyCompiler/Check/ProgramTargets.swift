internal import PolicyModel
internal import YAMLReader

/// `path` and what it names in programs → attach points. Whether the places are there is looked up where the
/// settings know programs.
struct ProgramTargets {
    let check: PolicyCheck
    let hook: HookSpec

    private var problems: Problems { check.problems }

    func uprobe(_ target: UprobeTarget) -> CallResolver.Resolved {
        let kinds = [!target.symbols.isEmpty, !target.offsets.isEmpty, !target.addresses.isEmpty]
        if kinds.filter({ $0 }).count != 1 {
            problems.error(
                hook.path, "needs exactly one of symbols, offsets and addrs", at: hook.place)
        }
        let places: [(location: ProbeLocation, key: String, place: SourcePlace)] =
            target.symbols.enumerated().map { (.symbol($1.value), "symbols[\($0)]", $1.place) }
            + target.offsets.enumerated().map { (.offset($1.value), "offsets[\($0)]", $1.place) }
            + target.addresses.enumerated().map { (.address($1.value), "addrs[\($0)]", $1.place) }
        if !target.refCtrOffsets.isEmpty, target.refCtrOffsets.count != places.count {
            problems.error(
                hook.path + ".refCtrOffsets",
                "has \(target.refCtrOffsets.count) values for \(places.count) places",
                at: target.refCtrOffsets[0].place)
        }
        for (index, digest) in target.digests.enumerated() { checkDigest(digest, index) }
        let program = open(target.path)
        var points: [AttachPoint] = []
        for (index, place) in places.enumerated() {
            let counter = index < target.refCtrOffsets.count ? target.refCtrOffsets[index].value : 0
            let point = AttachPoint.uprobe(
                path: target.path.value, location: place.location, counterOffset: counter)
            if let program {
                _ = sites(of: point, in: program, target.path, "\(hook.path).\(place.key)", place.place)
            }
            points.append(point)
        }
        var resolved = CallResolver.Resolved(points: points)
        setTypes(target.btfPath, &resolved)
        if points.count == 1, case .uprobe(_, .symbol(let name), _) = points[0] {
            resolved.prototype = resolved.types?.function(name)
        }
        return resolved
    }

    func usdt(_ target: UsdtTarget) -> CallResolver.Resolved {
        let point = AttachPoint.usdt(
            path: target.path.value, provider: target.provider.value, name: target.name.value)
        var resolved = CallResolver.Resolved(points: [point])
        setTypes(target.btfPath, &resolved)
        if let program = open(target.path) {
            let sites = sites(of: point, in: program, target.path, hook.path + ".name", target.name.place)
            // The compiler may have put other values at other places, but of the same types.
            resolved.probeArguments = sites?.first?.arguments
        }
        return resolved
    }

    private func setTypes(_ path: Located<String>?, _ resolved: inout CallResolver.Resolved) {
        guard let path else { return }
        resolved.typesPath = path.value
        guard path.value.hasPrefix("/") else {
            problems.error(hook.path + ".btfPath", "\"\(path.value)\" is no absolute path", at: path.place)
            return
        }
        guard let programs = check.settings.programs else { return }
        do throws(ProgramObstacle) {
            resolved.types = try programs.types(path.value)
        } catch {
            problems.error(
                hook.path + ".btfPath", "\(path.value) \(error.reason)", at: path.place, hint: error.hint)
        }
    }

    /// The program; nil where it cannot be looked into, or nobody asks.
    private func open(_ path: Located<String>) -> OpenProgram? {
        guard path.value.hasPrefix("/") else {
            problems.error(hook.path + ".path", "\"\(path.value)\" is no absolute path", at: path.place)
            return nil
        }
        guard let programs = check.settings.programs else { return nil }
        do throws(ProgramObstacle) {
            return try programs.open(path.value)
        } catch {
            problems.error(
                hook.path + ".path", "\(path.value) \(error.reason)", at: path.place,
                hint: Self.container(path.value) ?? error.hint)
            return nil
        }
    }

    private func sites(
        of point: AttachPoint, in program: OpenProgram, _ file: Located<String>, _ path: String,
        _ place: SourcePlace
    ) -> [ProgramSite]? {
        do throws(ProgramObstacle) {
            return try program.image.sites(of: point)
        } catch {
            problems.error(path, "\(file.value): \(error.reason)", at: place, hint: error.hint)
            return nil
        }
    }

    /// Where Tetragon's own container sees the processes of the host.
    private static func container(_ path: String) -> String? {
        path.hasPrefix("/procRoot/") ? "write /proc/\(path.dropFirst("/procRoot/".count))" : nil
    }

    private func checkDigest(_ digest: Located<String>, _ index: Int) {
        let path = "\(hook.path).binaryDigests[\(index)]"
        let lengths = ["sha1": 40, "sha256": 64, "sha384": 96, "sha512": 128]
        let parts = digest.value.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0] == "build-id" || lengths[String(parts[0])] != nil else {
            problems.error(
                path, "\"\(digest.value)\" is no digest", at: digest.place,
                hint: "write sha256:… (or sha1, sha384, sha512, build-id)")
            return
        }
        let isHex = !parts[1].isEmpty && parts[1].allSatisfy { $0.isHexDigit && $0.isASCII }
        if !isHex || parts[1].count != lengths[String(parts[0])] ?? parts[1].count || parts[1].count % 2 != 0
        {
            problems.error(path, "these are not the hexadecimal digits of a \(parts[0])", at: digest.place)
        }
    }
}
