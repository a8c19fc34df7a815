import Glibc
import SystemPackage

/// The single value of a `BPF_F_MMAPABLE` array, as memory shared with the programs.
@safe
public struct MappedArray<Value: BitwiseCopyable>: ~Copyable {
    private let memory: UnsafeMutableRawPointer
    private let length: Int

    /// Maps the array's pages, readable and writable; they stay mapped while the value lives.
    /// - Throws: `BPFError` where the kernel refuses the mapping.
    public init(_ map: borrowing BPFMap) throws(BPFError) {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        length = (max(MemoryLayout<Value>.size, map.valueSize) + page - 1) / page * page
        let mapped = unsafe mmap(nil, length, PROT_READ | PROT_WRITE, MAP_SHARED, map.descriptor, 0)
        guard let mapped = unsafe mapped, unsafe mapped != MAP_FAILED else {
            throw BPFError(operation: "map", object: map.name, errno: Errno(rawValue: currentErrno()))
        }
        unsafe memory = mapped
    }

    deinit {
        unsafe munmap(memory, length)
    }

    /// The value's memory, valid while this lives. Programs may look at it at any time.
    @unsafe
    public var address: UnsafeMutablePointer<Value> {
        unsafe memory.assumingMemoryBound(to: Value.self)
    }

    /// Stores one word of the value.
    public func store(_ word: UInt32, atWord index: Int) {
        precondition(index >= 0 && (index + 1) * 4 <= length)
        unsafe memory.storeBytes(of: word, toByteOffset: index * 4, as: UInt32.self)
    }
}
