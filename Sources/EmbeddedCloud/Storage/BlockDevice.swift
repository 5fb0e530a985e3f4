import Foundation
import Glibc

/// The device under a file system, as Linux describes it.
struct BlockDevice {
    private let folder: String

    /// Nil where the path is not there.
    init?(of path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        // The C library's macros for a device's two numbers. Source: sys/sysmacros.h.
        let device = UInt64(status.st_dev)
        let major = (device >> 8 & 0xFFF) | (device >> 32 & ~0xFFF)
        let minor = (device & 0xFF) | (device >> 12 & ~0xFF)
        folder = "/sys/dev/block/\(major):\(minor)"
    }

    private init(folder: String) { self.folder = folder }

    /// Whether it, or all that it is made of, is encrypted by the kernel's dm-crypt (LUKS). What a cloud or
    /// a disk encrypts by itself cannot be seen from here.
    var isEncrypted: Bool {
        let name = try? String(contentsOfFile: folder + "/dm/uuid", encoding: .utf8)
        if name?.hasPrefix("CRYPT-") ?? false { return true }
        let parts = (try? FileManager.default.contentsOfDirectory(atPath: folder + "/slaves")) ?? []
        return !parts.isEmpty
            && parts.allSatisfy { BlockDevice(folder: "/sys/class/block/\($0)").isEncrypted }
    }
}
