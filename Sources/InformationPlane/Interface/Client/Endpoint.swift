internal import Engine

/// Where a node's interface is.
public enum Endpoint: Sendable, Hashable {
  /// The node's own socket; `dataFolder` is what a person would type after `--data`.
  case socket(path: String, dataFolder: String)
  /// `http://HOST:PORT` or `https://HOST:PORT`, without a slash at the end.
  case http(url: String, token: String)

  /// What to show a person.
  public var name: String {
    switch self {
    case .socket(let path, _): path
    case .http(let url, _): url
    }
  }

  /// The start of every URL.
  var base: String {
    switch self {
    case .socket(let path, _): "http+unix://" + percentEncoded(path)
    case .http(let url, _): url.hasSuffix("/") ? String(url.dropLast()) : url
    }
  }

  var start: String {
    switch self {
    case .socket(_, let dataFolder): "jointcloud node run --data \(ShellWord.quoted(dataFolder))"
    case .http: "jointcloud node run --data DIR, or check the address"
    }
  }
}

/// RFC 3986: all but unreserved characters.
func percentEncoded(_ text: String) -> String {
  let digits = Array("0123456789ABCDEF")
  var out = ""
  for byte in text.utf8 {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
      UInt8(ascii: "~"):
      out.append(Character(Unicode.Scalar(byte)))
    default:
      out.append("%")
      out.append(digits[Int(byte >> 4)])
      out.append(digits[Int(byte & 15)])
    }
  }
  return out
}
