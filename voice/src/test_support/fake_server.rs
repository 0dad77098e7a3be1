//! A server for tests: scripted answers, one connection each.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// Answers each connection with the next of `answers`. Returns the address up to `/v1`, and the task whose result is
/// what was sent to it.
pub(crate) async fn serve(answers: Vec<Vec<u8>>) -> (String, JoinSet<Vec<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port is free");
    let url = format!("http://{}/v1", listener.local_addr().expect("it is bound"));
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut requests = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().await.expect("a client comes");
            let mut request = Vec::new();
            let mut piece = [0; 65_536];
            while !is_whole(&request) {
                let read = stream.read(&mut piece).await.expect("the request is read");
                if read == 0 {
                    break;
                }
                request.extend_from_slice(&piece[..read]);
            }
            requests.push(request);
            stream.write_all(&answer).await.expect("the answer is sent");
        }
        requests
    });
    (url, tasks)
}

/// A whole answer with this body.
pub(crate) fn http(status: &str, kind: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// Head and as much body as the head promises, or the last piece of a chunked one.
fn is_whole(request: &[u8]) -> bool {
    let Some(head) = request.windows(4).position(|four| four == b"\r\n\r\n") else {
        return false;
    };
    let fields = String::from_utf8_lossy(&request[..head]).to_ascii_lowercase();
    let length = fields
        .lines()
        .find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
    length.map_or_else(
        || request.ends_with(b"0\r\n\r\n"),
        |length| request.len() >= head + 4 + length,
    )
}
