import FoundationEssentials

/// libFuzzer calls this with each input that it makes. Of the decoder that JOINTCLOUD_DECODER names it reads all bytes;
/// where none is named the first byte chooses one.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = UnsafeBufferPointer(start: start, count: count)
  do {
    if let chosen {
      _ = try chosen.takes(Array(bytes))
    } else if let first = bytes.first {
      _ = try ByteDecoder.all[Int(first) % ByteDecoder.all.count].takes(Array(bytes.dropFirst()))
    }
  } catch {
    // The process's end is how libFuzzer learns of it.
    fatalError("broken law: \(error.what)")
  }
  return 0
}

private let chosen: ByteDecoder? = {
  guard let name = ProcessInfo.processInfo.environment["JOINTCLOUD_DECODER"] else { return nil }
  guard let decoder = ByteDecoder.named(name) else { fatalError("no decoder \(name)") }
  return decoder
}()
