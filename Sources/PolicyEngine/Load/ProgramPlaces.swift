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
    private let files: any ProgramFiles
    private var programs: [String: Result<OpenProgram, ProgramObstacle>] = [:]
    private var types: [String: Result<BTFKernelTypes, ProgramObstacle>] = [:]

    init(_ files: any ProgramFiles) {
        self.files = files
    }

    /// Where a probe stands in its program.
    func places(_ point: AttachPoint) throws(ProgramObstacle) -> ProgramPlaces {
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
