internal import Engine
internal import Foundation
internal import Ledger
public import Model
internal import Synchronization

/// The newest signed head of each ledger, kept beside the database in `heads.json`: against it a cut tail shows.
///
/// Each write replaces the file whole. It is not synced, so after a power cut it may lag behind the database, or be
/// cut: an older head or none proves less, never something wrong, and the next start writes it anew.
public enum HeadsFile {
  public static let fileName = "heads.json"
  static let byteLimit = 64 * 1_024 * 1_024

  struct Document: Codable {
    var heads: [SignedStatement]
    var version: Int
  }

  /// The signed heads that a file holds, to verify a ledger against.
  ///
  /// - Throws: `StorageError.notFound`, `.corrupt`.
  public static func read(_ path: String) throws(StorageError) -> [SignedStatement] {
    guard let data = FileManager.default.contents(atPath: path) else { throw .notFound(path: path) }
    do {
      let document = try CanonicalJSON.decode(Document.self, from: [UInt8](data), limit: byteLimit)
      guard document.version == 1 else {
        throw StorageError.otherVersion(path: path, found: document.version, known: 1)
      }
      return document.heads
    } catch let error as StorageError {
      throw error
    } catch {
      throw .corrupt(path: path, detail: "\(error)")
    }
  }
}

/// Keeps `heads.json` up with what was committed.
final class HeadKeeper: Sendable {
  private struct State {
    var newest: [CollaborationID: SignedProposal] = [:]
    var isStale = false
    var problem: String?
  }

  private let path: String
  private let state = Mutex(State())

  init(folder: String) {
    path = folder + "/" + HeadsFile.fileName
  }

  func seed(_ proposals: [SignedProposal]) {
    state.withLock { state in
      for proposal in proposals { state.newest[proposal.collaboration] = proposal }
      state.isStale = !proposals.isEmpty
    }
    write()
  }

  func note(_ steps: [[Write]]) {
    state.withLock { state in
      for writes in steps {
        for case .ledger(.proposal(let proposal)) in writes {
          state.newest[proposal.collaboration] = proposal
          state.isStale = true
        }
      }
    }
  }

  /// Why the file could not be written last time; the node goes on without, since it is a second proof only.
  var problem: String? { state.withLock { $0.problem } }

  /// Writes the file if it is behind.
  func write() {
    state.withLock { state in
      guard state.isStale else { return }
      do {
        let heads = state.newest.keys.sorted().compactMap { state.newest[$0]?.signed }
        let bytes = try CanonicalJSON.encode(HeadsFile.Document(heads: heads, version: 1))
        try replaceFile(path, with: bytes)
        state.isStale = false
        state.problem = nil
      } catch {
        state.problem = "\(error)"
      }
    }
  }
}
