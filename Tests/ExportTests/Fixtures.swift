import EventModel
import Export
import Glibc
import LinuxSystem
import Logging
import Synchronization
import SystemPackage

/// A directory that goes with the test.
final class TestDirectory: Sendable {
    let path: String

    init() {
        var template = Array("/tmp/secd-export-XXXXXX".utf8CString)
        path = unsafe template.withUnsafeMutableBufferPointer {
            guard let start = $0.baseAddress, let made = unsafe mkdtemp(start) else { return "/nonexistent" }
            return unsafe String(cString: made)
        }
    }

    deinit { shell("rm -rf \(path)") }

    /// The directory's files whose names begin so, in the order of names.
    func files(_ prefix: String = "") -> [String] {
        ((try? FileTree.names(in: path)) ?? []).filter { $0.hasPrefix(prefix) }.sorted().map {
            "\(path)/\($0)"
        }
    }
}

/// A file system that is full at `bytes`.
final class SmallDisk: Sendable {
    let path: String
    private let directory = TestDirectory()

    init?(bytes: Int) {
        path = directory.path + "/disk"
        guard shell("mkdir \(path) && mount -t tmpfs -o size=\(bytes) secd-test \(path) 2>/dev/null") else {
            return nil
        }
    }

    deinit { shell("umount -l \(path)") }
}

@discardableResult
func shell(_ command: String) -> Bool {
    unsafe system(command) == 0
}

func contents(_ path: String) -> [UInt8] {
    var bytes: [UInt8] = []
    guard let file = try? OwnedFD({ unsafe open(path, O_RDONLY | O_CLOEXEC) }) else { return [] }
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while let count = try? file.read(into: &piece), count > 0 { bytes += piece[..<count] }
    return bytes
}

/// The lines of a text file; the last element is what stands behind the last newline.
func lines(_ path: String) -> [String] {
    String(decoding: contents(path), as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        .map(String.init)
}

/// A batch of lines `{"n":first}` …, each padded to `width` bytes with its newline.
func batch(_ numbers: Range<Int>, width: Int = 0) -> EventBatch {
    var batch = EventBatch()
    for number in numbers { append(number, width: width, to: &batch) }
    return batch
}

func append(_ number: Int, width: Int, to batch: inout EventBatch) {
    let text = "{\"n\":\(number)}"
    batch.bytes += Array(text.utf8)
    batch.bytes += [UInt8](repeating: UInt8(ascii: " "), count: max(0, width - text.utf8.count - 1))
    batch.bytes.append(UInt8(ascii: "\n"))
    batch.entries.append(EventBatch.Entry(end: batch.bytes.count, kind: .processExec, priority: 6))
}

/// The numbers of the lines of a file, gap lines as the negated count.
func numbers(_ path: String) -> [Int] {
    lines(path).dropLast().compactMap { line in
        if line.hasPrefix("{\"gap\":") { return -(Int(line.dropFirst(7).prefix { $0.isNumber }) ?? 0) }
        return Int(line.dropFirst(5).prefix { $0.isNumber })
    }
}

let gapLine: GapEncoder = { gap in Array("{\"gap\":\(gap.lostEvents)}\n".utf8) }

var quiet: Logger {
    Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}

/// Waits for what another thread reports in a status: there is no event for it.
func eventually(_ seconds: Double = 20, _ condition: () -> Bool) -> Bool {
    let deadline = MonotonicClock.now + UInt64(seconds * 1e9)
    while !condition() {
        if MonotonicClock.now > deadline { return false }
        usleep(2000)
    }
    return true
}

let isRoot = geteuid() == 0
