//! Keeps connections served while one thread of the runtime is held up.
//!
//! Of the runtime's threads one at a time waits for connections and timers. If that one takes up work
//! that blocks, such as a write to a disk that does not answer, the others may be asleep, and
//! nobody looks at connections until it is done. A little work from outside, now and then, wakes
//! another thread, which then does.

use std::io;
use std::thread;
use std::time::Duration;

use tokio::runtime::Handle;

/// For so long at most nobody looks at connections.
const PERIOD: Duration = Duration::from_millis(200);

/// Gives the runtime a little work now and then, as long as the process lives.
pub(crate) fn start(runtime: Handle) -> io::Result<()> {
    let beat = move || {
        loop {
            thread::park_timeout(PERIOD);
            drop(runtime.spawn(async {}));
        }
    };
    thread::Builder::new().name("pulse".to_owned()).spawn(beat).map(drop)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::net::TcpStream;
    use std::sync::mpsc;

    use tokio::io::AsyncReadExt as _;
    use tokio::net::TcpListener;
    use tokio::runtime::Builder;

    use super::*;

    #[test]
    fn connections_are_served_while_a_thread_that_has_read_from_one_is_held_up() {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        start(runtime.handle().clone()).unwrap();
        let listen = || runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        for _ in 0..4 {
            let (one, other) = (listen(), listen());
            let connect = |to: &TcpListener| TcpStream::connect(to.local_addr().unwrap()).unwrap();
            let (mut first, mut second) = (connect(&one), connect(&other));
            let (begin, beginning) = mpsc::channel();
            let (release, held) = mpsc::channel();
            let stuck = runtime.spawn(async move {
                one.accept().await.unwrap().0.read_u8().await.unwrap();
                begin.send(()).unwrap();
                held.recv().unwrap();
            });
            let served = runtime.spawn(async move {
                other.accept().await.unwrap().0.read_u8().await.unwrap();
                release.send(()).unwrap();
            });
            first.write_all(b"1").unwrap();
            beginning.recv().unwrap();
            second.write_all(b"1").unwrap();
            runtime.block_on(stuck).unwrap();
            runtime.block_on(served).unwrap();
        }
    }
}
