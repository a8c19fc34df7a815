import CZlib

/// A gzip file, as `secd` and logrotate leave behind; several members in one file are read through.
@safe final class GzipFile {
    /// Bytes that are unpacked at once: as much is lost before the place where a file is damaged.
    private static let pieceBytes = 16 * 1024

    private let path: String
    private let file: gzFile

    /// Takes the descriptor over.
    init(descriptor: Int32, path: String) throws(InputError) {
        guard let file = unsafe gzdopen(descriptor, "rb") else {
            throw InputError("cannot read \(path): no memory for zlib")
        }
        self.path = path
        unsafe self.file = unsafe file
    }

    deinit {
        _ = unsafe gzclose(file)
    }

    func read(into buffer: inout [UInt8], at offset: Int, limit: Int) throws(InputError) -> Int {
        let count = unsafe buffer.withUnsafeMutableBytes { bytes in
            unsafe gzread(
                file, bytes.baseAddress?.advanced(by: offset), UInt32(clamping: min(limit, Self.pieceBytes)))
        }
        // zlib tells a file that ends too early only when there is nothing more to give.
        if count <= 0 {
            var code: Int32 = 0
            let text = unsafe gzerror(file, &code)
            guard code == Z_OK || code == Z_STREAM_END else {
                // zlib writes "<fd:6>: what happened".
                let reason = unsafe text.map { unsafe String(cString: $0) } ?? "error \(code)"
                throw InputError(
                    "\(path) is damaged: \(reason.split(separator: ": ").last ?? "unknown reason")")
            }
        }
        return Int(max(0, count))
    }
}
