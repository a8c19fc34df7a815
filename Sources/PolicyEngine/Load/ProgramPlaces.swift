import PolicyCompiler
import PolicyModel

/// Places in a program's file, as they were found there. Another file of the same name has others.
struct ProgramPlaces: Hashable {
    /// As policies name it.
    var path: String
    /// The file's, then; a probe stays with it.
    var identity: ProgramIdentity
    /// Where the probes of one hook stand.
    var sites: [ProgramSite]
    /// Keeps the file open, so that what is attached to is what was read.
    var program: OpenProgram

    static func == (left: ProgramPlaces, right: ProgramPlaces) -> Bool {
        left.path == right.path && left.identity == right.identity && left.sites == right.sites
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(path)
        hasher.combine(identity)
        hasher.combine(sites)
    }
}

/// Programs that policies name, each opened once while policies are replaced.
final class ProgramCache {
    /// The digest of a program by an algorithm, in lower-case hexadecimal; nil where it cannot be computed.
    typealias Digest = @Sendable (OpenProgram, _ algorithm: String) -> String?

    private let files: any ProgramFiles
    private let digest: Digest
    private var programs: [String: Result<OpenProgram, ProgramObstacle>] = [:]
    private var places: [AttachPoint: Result<ProgramPlaces, ProgramObstacle>] = [:]
    private var types: [String: Result<BTFKernelTypes, ProgramObstacle>] = [:]

    init(_ files: any ProgramFiles, digest: @escaping Digest) {
        self.files = files
        self.digest = digest
    }

    /// The policies without the places whose programs have other digests, where the policy says that these are
    /// skipped.
    func skipping(_ policies: [RunnablePolicy]) -> [RunnablePolicy] {
        guard policies.contains(where: { $0.policy.hooks.contains(where: \.ignoresDigestMismatch) }) else {
            return policies
        }
        return policies.map { policy in
            var policy = policy
            for index in policy.policy.hooks.indices where policy.policy.hooks[index].ignoresDigestMismatch {
                guard mismatch(policy.policy.hooks[index]) != nil else { continue }
                policy.policy.hooks[index].rejectedPoints = policy.policy.hooks[index].points
                policy.policy.hooks[index].points = []
            }
            return policy
        }
    }

    /// Why the program is none of those that an entry names by their digests; nil: it is one, or cannot be read,
    /// as the places in it tell.
    func mismatch(_ hook: CheckedHook) -> String? {
        guard case .uprobe(let path, _, _) = hook.points.first, !hook.digests.isEmpty,
            let program = try? open(path)
        else { return nil }
        var own: [String: String] = [:]
        for wanted in hook.digests {
            let parts = wanted.split(separator: ":", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { continue }
            if own[parts[0]] == nil { own[parts[0]] = digest(of: program, parts[0]) ?? "unknown" }
            if own[parts[0]] == parts[1].lowercased() { return nil }
        }
        let list = own.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value)" }
        return "\(path) has another digest: \(list.joined(separator: ", "))"
    }

    private func digest(of program: OpenProgram, _ algorithm: String) -> String? {
        guard algorithm == "build-id" else { return digest(program, algorithm) }
        return program.image.buildID().map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }
            .joined()
    }

    /// Where a probe stands in its program.
    func places(_ point: AttachPoint) throws(ProgramObstacle) -> ProgramPlaces {
        if let known = places[point] { return try known.get() }
        let result: Result<ProgramPlaces, ProgramObstacle>
        do throws(ProgramObstacle) {
            result = .success(try find(point))
        } catch {
            result = .failure(error)
        }
        places[point] = result
        return try result.get()
    }

    private func find(_ point: AttachPoint) throws(ProgramObstacle) -> ProgramPlaces {
        let path: String
        switch point {
        case .uprobe(let file, _, _): path = file
        case .usdt(let file, _, _): path = file
        default: throw ProgramObstacle(.place, "\(point.name) is in no program")
        }
        let program = try open(path)
        return ProgramPlaces(
            path: path, identity: program.identity, sites: try program.image.sites(of: point),
            program: program)
    }

    /// The program at a path.
    func open(_ path: String) throws(ProgramObstacle) -> OpenProgram {
        if let known = programs[path] { return try known.get() }
        let result: Result<OpenProgram, ProgramObstacle>
        do throws(ProgramObstacle) {
            result = .success(try files.open(path))
        } catch {
            result = .failure(ProgramObstacle(error.subject, "\(path) \(error.reason)", hint: error.hint))
        }
        programs[path] = result
        return try result.get()
    }

    /// Types of a program, from a file that a policy names.
    func types(_ path: String) throws(ProgramObstacle) -> BTFKernelTypes {
        if let known = types[path] { return try known.get() }
        let result: Result<BTFKernelTypes, ProgramObstacle>
        do throws(ProgramObstacle) {
            result = .success(try files.types(path))
        } catch {
            result = .failure(ProgramObstacle(error.subject, "\(path) \(error.reason)", hint: error.hint))
        }
        types[path] = result
        return try result.get()
    }
}
