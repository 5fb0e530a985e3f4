import Glibc

/// The files below a linked directory in the byte order of their keys, found as they are asked for.
///
/// Of each directory on the way to the current key, the next names are held, sorted as their keys sort (a
/// directory's with its slash); of a large one not all of them, and it is read again when they are used
/// up. What lies before the start or outside the prefix is not opened. Symbolic links and special files
/// are no objects and are passed over; so are names that are not UTF-8 and keys that are too long.
struct DirectoryWalk: KeyCursor {
    private struct Level {
        let directory: OpenFile
        /// Names on the way here and a slash after each; empty at the root.
        let path: [UInt8]
        /// The next one last.
        var names: [[UInt8]]
        /// The directory has names beyond this one, which are still to be read. Nil: it has not.
        var horizon: [UInt8]?
    }

    private let bucket: Bucket
    private let root: String
    private let prefix: [UInt8]
    private var start: ListingStart
    private var levels: [Level] = []

    /// - Throws: ``LinkFault`` where the bucket's directory cannot be read.
    init(_ bucket: Bucket, at root: String, prefix: String, from start: ListingStart) throws {
        self.bucket = bucket
        self.root = root
        self.prefix = Array(prefix.utf8)
        self.start = start
        var directory: OpenFile
        do { directory = try .directory(root) } catch { throw LinkFault(root, error) }
        // Straight to the directory that the prefix names, past its neighbours.
        let slash = UInt8(ascii: "/")
        let depth = self.prefix.lastIndex(of: slash).map { $0 + 1 } ?? 0
        if depth > 0 {
            guard let key = LinkedKey(String(decoding: self.prefix[..<(depth - 1)], as: UTF8.self))
            else { return }
            do {
                for name in key.names { directory = try directory.directory(named: name) }
            } catch let error where error.isAbsence {
                return
            } catch {
                throw LinkFault("\(root)/\(prefix)", error)
            }
        }
        levels = [try level(directory, path: Array(self.prefix[..<depth]))]
    }

    mutating func next() throws -> StoredObject? {
        while let level = levels.last {
            guard let name = levels[levels.count - 1].names.popLast() else {
                levels.removeLast()
                if let horizon = level.horizon {
                    levels.append(
                        try self.level(level.directory, path: level.path, beyond: horizon))
                }
                continue
            }
            let key = level.path + name
            guard wants(key) else { continue }
            if name.last == UInt8(ascii: "/") {
                try enter(name.dropLast(), of: level, path: key)
            } else if let object = try object(key, named: name, in: level.directory) {
                return object
            }
        }
        return nil
    }

    mutating func skip(_ prefix: [UInt8]) { start = .afterAll(prefix) }

    private mutating func enter(_ name: ArraySlice<UInt8>, of parent: Level, path: [UInt8]) throws {
        let directory: OpenFile
        do {
            directory = try parent.directory.directory(named: String(decoding: name, as: UTF8.self))
        } catch let error where error.isAbsence {
            return
        } catch {
            throw LinkFault("\(root)/\(String(decoding: path, as: UTF8.self))", error)
        }
        levels.append(try self.level(directory, path: path))
    }

    /// - Parameter horizon: Only names greater than this one.
    private func level(
        _ directory: OpenFile, path: [UInt8], beyond horizon: [UInt8]? = nil
    ) throws -> Level {
        var window = NameWindow(after: horizon)
        do {
            try directory.eachName { name in
                if wants(path + name) { window.add(name) }
            }
            window.close()
            return Level(
                directory: directory, path: path, names: window.names.reversed(),
                horizon: window.isCut ? window.names.last : nil)
        } catch {
            throw LinkFault("\(root)/\(String(decoding: path, as: UTF8.self))", error)
        }
    }

    /// Whether the key, or a key below it if it ends with a slash, may be in the listing.
    private func wants(_ key: [UInt8]) -> Bool {
        guard key.count <= LinkedKey.bytesMax else { return false }
        let isDirectory = key.last == UInt8(ascii: "/")
        guard key.starts(with: prefix) || (isDirectory && prefix.starts(with: key)) else {
            return false
        }
        return isDirectory ? start.mayPrecedeKeys(below: key) : start.precedes(key)
    }

    /// Nil where it is gone meanwhile, or no regular file.
    private func object(
        _ key: [UInt8], named name: [UInt8], in directory: OpenFile
    ) throws -> StoredObject? {
        guard let key = String(validating: key, as: UTF8.self) else { return nil }
        do {
            let status = try directory.status(of: String(decoding: name, as: UTF8.self))
            guard let identity = FileIdentity(status) else { return nil }
            return StoredObject(
                bucket: bucket.name.rawValue, key: key, path: "\(root)/\(key)",
                identity: identity, etag: identity.etag)
        } catch let error where error.isAbsence {
            return nil
        } catch {
            throw LinkFault("\(root)/\(key)", error)
        }
    }
}

/// Why a linked directory, or one below it, cannot be read. A listing without it would be wrong in
/// silence, so there is none.
struct LinkFault: Error {
    let path: String
    let fault: SystemCallFault

    init(_ path: String, _ fault: SystemCallFault) {
        self.path = path
        self.fault = fault
    }
}

extension OpenFile {
    /// What this directory holds, in no order: regular files by their names, directories with a slash.
    fileprivate func eachName(_ body: ([UInt8]) -> Void) throws(SystemCallFault) {
        // The stream closes its descriptor, and moves its place.
        let own = try systemCall("openat") {
            Int(openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC))
        }
        guard let stream = fdopendir(CInt(own)) else {
            let code = errno
            close(CInt(own))
            throw SystemCallFault(call: "fdopendir", code: code)
        }
        defer { closedir(stream) }
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                if errno != 0 { throw SystemCallFault(call: "readdir", code: errno) }
                return
            }
            var name = withUnsafePointer(to: &entry.pointee.d_name) { field in
                field.withMemoryRebound(to: UInt8.self, capacity: 256) { bytes in
                    Array(UnsafeBufferPointer(start: bytes, count: strlen(field)))
                }
            }
            guard String(validating: name, as: UTF8.self) != nil else { continue }
            switch try kind(of: name, said: entry.pointee.d_type) {
            case S_IFREG: break
            case S_IFDIR where name != Array(".".utf8) && name != Array("..".utf8):
                name.append(UInt8(ascii: "/"))
            default: continue
            }
            body(name)
        }
    }

    /// Some file systems do not say the kind in the directory itself.
    private func kind(of name: [UInt8], said type: UInt8) throws(SystemCallFault) -> mode_t {
        guard type == UInt8(DT_UNKNOWN) else { return mode_t(type) << 12 }
        do {
            return try status(of: String(decoding: name, as: UTF8.self)).st_mode & S_IFMT
        } catch let error where error.isAbsence {
            return 0
        }
    }
}
