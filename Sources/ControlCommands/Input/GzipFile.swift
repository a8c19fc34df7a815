import Foundation

/// A gzip file, read by the system's zlib.
///
/// The library is looked up when the first compressed file is opened: `secctl` itself does not
/// depend on it, and it is on every Debian (dpkg needs it).
@safe final class GzipFile {
    private let path: String
    private let library: Zlib
    private let file: OpaquePointer

    /// Takes the descriptor over.
    init(descriptor: Int32, path: String) throws(InputError) {
        guard let library = Zlib.shared else {
            close(descriptor)
            throw InputError("\(path) is compressed and libz.so.1 is not installed (apt install zlib1g)")
        }
        guard let file = unsafe library.open(descriptor, "rb") else {
            close(descriptor)
            throw InputError("cannot read \(path): no memory")
        }
        self.path = path
        unsafe self.file = unsafe file
        self.library = library
    }

    deinit {
        _ = unsafe library.close(file)
    }

    func read(into buffer: inout [UInt8], at offset: Int, limit: Int) throws(InputError) -> Int {
        let count = unsafe buffer.withUnsafeMutableBytes { bytes in
            unsafe library.read(file, bytes.baseAddress?.advanced(by: offset), UInt32(clamping: limit))
        }
        guard count >= 0 else { throw damage() }
        if count == 0 {
            // zlib tells a file that ends too early only here.
            var code: Int32 = 0
            _ = unsafe library.error(file, &code)
            guard code == 0 || code == 1 else { throw damage() }
        }
        return Int(count)
    }

    private func damage() -> InputError {
        var code: Int32 = 0
        let text = unsafe library.error(file, &code)
        let reason = unsafe text.map { unsafe String(cString: $0) } ?? "error \(code)"
        return InputError("\(path) is damaged: \(reason)")
    }
}

/// The four functions of zlib's file interface (zlib.h, "gzip File Access Functions").
@safe private struct Zlib: @unchecked Sendable {
    typealias Open = @convention(c) (Int32, UnsafePointer<CChar>) -> OpaquePointer?
    typealias Read = @convention(c) (OpaquePointer, UnsafeMutableRawPointer?, UInt32) -> Int32
    typealias Failure = @convention(c) (OpaquePointer, UnsafeMutablePointer<Int32>) -> UnsafePointer<CChar>?
    typealias Close = @convention(c) (OpaquePointer) -> Int32

    let open: Open
    let read: Read
    let error: Failure
    let close: Close

    static let shared: Zlib? = load()

    private static func load() -> Zlib? {
        guard let handle = unsafe dlopen("libz.so.1", RTLD_NOW) else { return nil }
        guard let open = unsafe dlsym(handle, "gzdopen"), let read = unsafe dlsym(handle, "gzread"),
            let error = unsafe dlsym(handle, "gzerror"), let close = unsafe dlsym(handle, "gzclose")
        else { return nil }
        return unsafe Zlib(
            open: unsafeBitCast(open, to: Open.self), read: unsafeBitCast(read, to: Read.self),
            error: unsafeBitCast(error, to: Failure.self), close: unsafeBitCast(close, to: Close.self))
    }
}
