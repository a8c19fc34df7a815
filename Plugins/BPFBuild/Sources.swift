import Foundation

/// The files below `bpf/`: programs to compile, and headers whose change makes them stale.
struct Sources {
    var programs: [URL] = []
    var headers: [URL] = []

    init(folder: URL) throws {
        let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
        while let file = files?.nextObject() as? URL {
            // Test programs are built by the tests that load them.
            if file.path().contains("/bpf/tests/") { continue }
            if file.lastPathComponent.hasSuffix(".bpf.c") { programs.append(file) }
            if file.pathExtension == "h" { headers.append(file) }
        }
        programs.sort { $0.path() < $1.path() }
        headers.sort { $0.path() < $1.path() }
    }
}
