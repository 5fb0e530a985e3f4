/// `heads.jsonl`: signed heads beside the records, one line every ``Trail/Limits/recordsPerHead``
/// records and one where a segment ends.
///
/// The ledger's heads are what an attacker on this directory cannot reach; the ones here are for
/// whoever has nothing but the directory (a backup, a copy handed to an auditor) and the public key:
/// a rewritten history shows there, too. They are also denser than the ledger's, which narrows the
/// place of a change. A cut that takes the records and these heads together shows only against a
/// head that is kept elsewhere.
///
/// A head is written after its records are synced, and synced itself, so that only the last line can
/// be torn.
struct TrailHeadsFile: ~Copyable {
    private let file: TrailFile
    private var bytes: Int
    /// Nil if there is none, or if the last line is none.
    private(set) var last: TrailHead?

    /// Opens the file, cuts off a torn last line, and reads the last whole one.
    ///
    /// - Throws: ``TrailFlaw`` if what it ends with cannot be a torn head.
    init(in directory: borrowing TrailDirectory) throws {
        let name = TrailDirectory.headsName
        let file = try directory.open(name)
        // Room for the last whole line and a torn one.
        let start = try max(0, file.size() - 2 * TrailHead.lineBytesMax)
        var reader = try TrailLineReader(directory.path(of: name), from: start)
        var last: TrailHead?
        while let line = try reader.next() {
            last = TrailHead(headsLine: line)
        }
        guard reader.rest.count < TrailHead.lineBytesMax else {
            throw TrailFlaw(file: name, line: 1, sequence: 0, kind: .malformedHead)
        }
        try file.truncate(to: reader.offset)
        self.file = file
        self.bytes = reader.offset
        self.last = last
    }

    /// Does nothing if the record has its head already, or if it fails: then the next head is written
    /// over what this one left, which is never longer.
    mutating func append(_ head: TrailHead, disk: TrailDisk) {
        guard head.sequence > last?.sequence ?? 0 else { return }
        let line = Array("\(head)\n".utf8)
        do throws(SystemCallFault) {
            try disk.write(file.descriptor, line.span.bytes, bytes)
            try disk.sync(file.descriptor)
        } catch {
            return
        }
        bytes += line.count
        last = head
    }
}
