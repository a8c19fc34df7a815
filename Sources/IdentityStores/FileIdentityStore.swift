import Glibc
import LinuxSystem
public import SecurityIdentity
import SystemPackage

/// Identities of one node in a file of its state directory. A change is appended and on the disk before it counts; what a
/// kill leaves half-written at the end is cut off by the next start. When most of the file is out of date it is written
/// anew beside the old one, and replaces it.
///
/// Labels are not kept in memory: who asks has them already. Only where in the file each number's record stands.
public final class FileIdentityStore: IdentityStore {
    /// Bytes of the file at most: all numbers of a cluster with 4 KiB of labels each.
    private static let mostBytes = 256 << 20
    /// Bytes out of date below which nothing is written anew.
    private static let leastGarbage = 256 << 10

    /// A record in the file.
    private struct Place {
        var offset: UInt32
        var length: UInt32
    }

    public let name: String
    public private(set) var problem: String?
    private let directory: String
    private let path: String
    private var file: OwnedFD?
    /// Bytes of `file` that count.
    private var length = 0
    private var places: [NumericIdentity: Place] = [:]
    /// Bytes of records that count.
    private var live = 0
    /// What was read only after the start.
    private var late: [IdentityBinding] = []

    /// - Parameters:
    ///   - directory: that exists, and that no other daemon uses.
    ///   - file: name of the file in it.
    public init(directory: String, file: String = "identities") {
        self.directory = directory
        path = "\(directory)/\(file)"
        name = "file \(path)"
    }

    public func open(_ take: (IdentityBinding) -> Void) {
        do throws(Errno) {
            try load(take)
        } catch {
            problem = "cannot read \(path): \(error); no identity is given until it can be read"
        }
    }

    public func claim(_ binding: IdentityBinding) throws(IdentityStoreError) -> NumericIdentity {
        try reopen()
        if places[binding.number] != nil {
            guard holds(binding) else { throw .taken }
            return binding.number
        }
        try append(.bound(binding))
        return binding.number
    }

    /// Nobody else is interested.
    public func release(_ binding: IdentityBinding) {}

    public func remove(_ binding: IdentityBinding) throws(IdentityStoreError) -> Bool {
        try forget(binding.number)
        return true
    }

    /// None: there are no others.
    public func used() -> Set<NumericIdentity>? { [] }

    public func changes(_ take: (IdentityChange) -> Void) {
        for binding in late { take(.bound(binding)) }
        late = []
    }

    // MARK: For a store that keeps its own here

    /// Keeps a binding, whatever its number stood for before.
    func record(_ binding: IdentityBinding) throws(IdentityStoreError) {
        try reopen()
        if !holds(binding) { try append(.bound(binding)) }
    }

    /// Forgets a number.
    func forget(_ number: NumericIdentity) throws(IdentityStoreError) {
        if places[number] != nil { try append(.unbound(number)) }
    }

    /// Numbers that are kept.
    var numbers: [NumericIdentity] { Array(places.keys) }

    /// Whether a number is kept with these labels.
    func holds(_ binding: IdentityBinding) -> Bool {
        guard let place = places[binding.number] else { return false }
        let record = IdentityRecord.bound(binding).bytes
        return record.count == Int(place.length) && (try? bytes(of: place)) == record
    }

    // MARK: Reading

    private func reopen() throws(IdentityStoreError) {
        guard file == nil else { return }
        do throws(Errno) {
            var found: [IdentityBinding] = []
            try load { found.append($0) }
            late = found
        } catch {
            throw .unavailable("cannot read \(path): \(error)")
        }
        // What it says goes before what is wanted: the claim is made again when that is known.
        if !late.isEmpty { throw .unavailable("\(path) was read only now") }
    }

    private func load(_ take: (IdentityBinding) -> Void) throws(Errno) {
        try? FileTree.remove(path + ".new")
        problem = nil
        let file = try OwnedFD.open(path, O_RDWR | O_APPEND | O_CREAT | O_NONBLOCK)
        let status = try FileStatus(file)
        guard status.kind == .regular else { throw .invalidArgument }
        guard status.size <= UInt64(Self.mostBytes) else { throw .fileTooLarge }
        let bytes = try Self.content(of: file, expected: Int(status.size))
        let magic = IdentityRecord.magic
        var place = 0
        if bytes.starts(with: magic) {
            place = magic.count
            while case .record(let record, let end) = IdentityRecord.read(bytes, at: place) {
                note(record, Place(offset: UInt32(place), length: UInt32(end - place)))
                place = end
            }
        }
        if place < bytes.count { try setAside(bytes, from: place) }
        length = place
        // Nothing but what was read may stand before what is appended.
        try file.truncate(to: UInt64(place))
        self.file = consume file
        if place == 0 {
            try write(magic)
            try synchronizeDirectory()
        }
        // In the order of the file: of two numbers for the same labels the later one counts.
        for (_, place) in places.sorted(by: { $0.value.offset < $1.value.offset }) {
            if case .record(.bound(let binding), _) = IdentityRecord.read(bytes, at: Int(place.offset)) {
                take(binding)
            }
        }
    }

    private static func content(of file: borrowing OwnedFD, expected: Int) throws(Errno) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(expected)
        var piece = [UInt8](repeating: 0, count: 262_144)
        while bytes.count <= mostBytes {
            let count = try file.read(into: &piece)
            if count == 0 { break }
            bytes += piece[..<count]
        }
        return bytes
    }

    /// A record that was cut off is what a kill leaves. Anything more is damage, and somebody may want to look at it.
    private func setAside(_ bytes: [UInt8], from place: Int) throws(Errno) {
        let isCutOff =
            place == 0
            ? IdentityRecord.magic.starts(with: bytes) : IdentityRecord.isCutOff(bytes, at: place)
        guard !isCutOff else { return }
        let copy = path + ".damaged"
        try? FileTree.remove(copy)
        let file = try OwnedFD.open(copy, O_WRONLY | O_CREAT | O_EXCL)
        if let failure = unsafe file.writeAll(bytes.span.bytes).failure { throw failure }
        problem =
            "\(path) was damaged from byte \(place) on: \(places.count) identities were read, a copy is \(copy)"
    }

    private func bytes(of place: Place) throws(Errno) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Int(place.length))
        let count = try file?.read(into: &bytes, at: UInt64(place.offset)) ?? 0
        return Array(bytes.prefix(count))
    }

    // MARK: Writing

    private func note(_ record: IdentityRecord, _ place: Place) {
        switch record {
        case .bound(let binding):
            live -= Int(places[binding.number]?.length ?? 0)
            places[binding.number] = place
            live += Int(place.length)
        case .unbound(let number):
            live -= Int(places.removeValue(forKey: number)?.length ?? 0)
        }
    }

    private func append(_ record: IdentityRecord) throws(IdentityStoreError) {
        let bytes = record.bytes
        guard length + bytes.count <= Self.mostBytes else {
            throw .refused("\(path) has \(length) bytes, at most \(Self.mostBytes): use fewer labels")
        }
        let before = length
        do throws(Errno) {
            try write(bytes)
        } catch {
            // What was written of it would stand before the next record.
            try? file?.truncate(to: UInt64(before))
            length = before
            problem = "cannot write \(path): \(error)"
            throw .unavailable("cannot write \(path): \(error)")
        }
        problem = nil
        note(record, Place(offset: UInt32(before), length: UInt32(bytes.count)))
        if length > 2 * live + Self.leastGarbage { compact() }
    }

    /// Writes behind what counts, and waits for the disk.
    private func write(_ bytes: [UInt8]) throws(Errno) {
        if let failure = unsafe file?.writeAll(bytes.span.bytes).failure { throw failure }
        try file?.synchronize()
        length += bytes.count
    }

    /// Writes only what counts into a new file. Where that fails, the old one goes on.
    private func compact() {
        do throws(Errno) {
            let new = try OwnedFD.open(path + ".new", O_RDWR | O_APPEND | O_CREAT | O_TRUNC)
            var moved: [NumericIdentity: Place] = [:]
            var size = 0
            var bytes = IdentityRecord.magic
            for (number, place) in places.sorted(by: { $0.value.offset < $1.value.offset }) {
                let offset = UInt32(size + bytes.count)
                bytes += try self.bytes(of: place)
                moved[number] = Place(offset: offset, length: place.length)
                guard bytes.count > 1 << 20 else { continue }
                if let failure = unsafe new.writeAll(bytes.span.bytes).failure { throw failure }
                size += bytes.count
                bytes.removeAll(keepingCapacity: true)
            }
            if let failure = unsafe new.writeAll(bytes.span.bytes).failure { throw failure }
            size += bytes.count
            try new.synchronize()
            try FileTree.rename(path + ".new", to: path)
            file = consume new
            places = moved
            length = size
            try synchronizeDirectory()
        } catch {
            try? FileTree.remove(path + ".new")
            problem = "cannot write \(path) anew: \(error)"
        }
    }

    private func synchronizeDirectory() throws(Errno) {
        try OwnedFD.open(directory, O_RDONLY | O_DIRECTORY).synchronize()
    }
}
