import PolicyCompiler
import Synchronization

/// BTF blobs made by hand.
enum BTFBlob {
    /// `struct outer { struct { struct file *inner; }; int numbers[4]; }`, `struct file { int value; }`,
    /// `int open_it(struct outer *it, enum kind how)`, and `set_it`, which takes structures of 16 and 24 bytes.
    static let sample = kernel.bytes

    /// A module on top of it: `struct ovl { struct file *value; int depth; }`,
    /// `int ovl_open(struct ovl *it, enum kind how)`.
    static let module: [UInt8] = {
        var module = BTFWriter(on: kernel)
        module.type("ovl", 4, 2, 16, [module.name("value"), 3, 0, module.name("depth"), 1, 64])  // 15
        module.type("", 2, 0, 15)  // 16: struct ovl *
        module.type("", 13, 2, 1, [module.name("it"), 16, module.name("how"), 8])  // 17
        module.type("ovl_open", 12, 0, 17)  // 18
        return module.bytes
    }()

    private static let kernel: BTFWriter = {
        var kernel = BTFWriter()
        kernel.type("int", 1, 0, 4, [1 << 24 | 32])  // 1
        kernel.type("file", 4, 1, 4, [kernel.name("value"), 1, 0])  // 2
        kernel.type("", 2, 0, 2)  // 3: struct file *
        kernel.type("", 4, 1, 8, [kernel.name("inner"), 3, 0])  // 4: anonymous
        kernel.type("", 3, 0, 0, [1, 1, 4])  // 5: int[4]
        kernel.type("outer", 4, 2, 24, [0, 4, 0, kernel.name("numbers"), 5, 64])  // 6
        kernel.type("", 2, 0, 6)  // 7: struct outer *
        kernel.type("kind", 6, 1, 4, [kernel.name("FIRST"), 0])  // 8
        kernel.type("", 13, 2, 1, [kernel.name("it"), 7, kernel.name("how"), 8])  // 9
        kernel.type("open_it", 12, 0, 9)  // 10
        kernel.type("pair", 4, 0, 16)  // 11
        kernel.type("large", 4, 0, 24)  // 12
        let names = ["a", "b", "c", "d", "e", "f"].map { kernel.name($0) }
        kernel.type(
            "", 13, 6, 1,
            [names[0], 1, names[1], 11, names[2], 7, names[3], 12, names[4], 1, names[5], 11])  // 13
        kernel.type("set_it", 12, 0, 13)  // 14
        return kernel
    }()
}

/// Writes a blob type by type.
struct BTFWriter {
    private var strings: [UInt8] = []
    /// Offsets of names, those of the blob below included.
    private var places: [String: UInt32] = ["": 0]
    /// Where the blob's own names begin.
    private var firstString: UInt32 = 0
    private var types: [UInt32] = []

    init() { strings = [0] }

    init(on base: BTFWriter) {
        places = base.places
        firstString = base.firstString + UInt32(base.strings.count)
    }

    mutating func name(_ text: String) -> UInt32 {
        if let known = places[text] { return known }
        let place = firstString + UInt32(strings.count)
        places[text] = place
        strings += Array(text.utf8) + [0]
        return place
    }

    mutating func type(
        _ text: String, _ kind: UInt32, _ count: UInt32, _ value: UInt32, _ payload: [UInt32] = []
    ) {
        types += [name(text), kind << 24 | count, value] + payload
    }

    var bytes: [UInt8] {
        let body = types.flatMap(Self.bytes)
        let header: [UInt32] = [
            0x0001_eb9f, 24, 0, UInt32(body.count), UInt32(body.count), UInt32(strings.count),
        ]
        return header.flatMap(Self.bytes) + body + strings
    }

    private static func bytes(_ word: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) }
    }
}

/// Modules as a test wants them.
final class FixedModules: KernelModules {
    let files: Mutex<[String: [UInt8]]>

    init(_ files: [String: [UInt8]]) { self.files = Mutex(files) }

    func loaded() -> [String: UInt64] { files.withLock { $0.mapValues { UInt64($0.count) } } }

    func typeInformation(of module: String) -> [UInt8]? { files.withLock { $0[module] } }
}
