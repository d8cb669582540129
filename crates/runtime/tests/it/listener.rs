//! Listening sockets: taken ports, several addresses, handing over.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;

use littoral_runtime::listener::{self, HolderSearch};
use littoral_runtime::{BindCause, Listener};

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

#[test]
fn workers_share_one_port_that_the_kernel_chose() {
    let listeners = Listener::bind(loopback(0), 3).unwrap();
    assert_eq!(listeners.len(), 3);
    assert_ne!(listeners[0].address().port(), 0);
    assert!(listeners.iter().all(|one| one.address() == listeners[0].address()));
    TcpStream::connect(listeners[0].address()).unwrap();
}

#[test]
fn a_taken_port_names_the_process_that_holds_it() {
    let mut other = std::process::Command::new("python3")
        .args(["-c", "import socket,sys\ns=socket.create_server(('127.0.0.1',0))\nprint(s.getsockname()[1],flush=True)\nsys.stdin.read()"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("python3 stands in for another server");
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(other.stdout.take().unwrap()), &mut line)
        .unwrap();
    let error = Listener::bind(loopback(line.trim().parse().unwrap()), 2).unwrap_err();
    let text = error.to_string();
    assert!(text.contains(&format!("(pid {})", other.id())), "{text}");
    assert!(text.contains("`python3"), "{text}");
    assert!(error.advice().starts_with("stop it, or listen on another port"), "{}", error.advice());
    drop(other.stdin.take());
    other.wait().unwrap();
}

#[test]
fn a_port_that_this_process_shares_already_is_taken_too() {
    let first = Listener::bind(loopback(0), 1).unwrap();
    let error = Listener::bind(first[0].address(), 1).unwrap_err();
    let BindCause::Taken(HolderSearch::Found(holders)) = &error.cause else { panic!("{error:?}") };
    assert_eq!(holders[0].pid, std::process::id());
    assert!(error.to_string().contains("listed twice"), "{error}");
}

#[test]
fn a_port_held_on_all_addresses_is_found_from_one_address() {
    let everywhere = TcpListener::bind("0.0.0.0:0").unwrap();
    let error = Listener::bind(loopback(everywhere.local_addr().unwrap().port()), 1).unwrap_err();
    assert!(matches!(error.cause, BindCause::Taken(HolderSearch::Found(_))), "{error:?}");
}

#[test]
fn an_address_of_another_machine_is_said_to_be_so() {
    let error = Listener::bind("192.0.2.1:0".parse().unwrap(), 1).unwrap_err();
    assert!(matches!(error.cause, BindCause::NotLocal), "{error:?}");
    assert!(error.advice().contains("ip -brief address"));
}

#[test]
fn both_families_may_be_listed_with_the_same_port() {
    if !littoral_runtime::host::has_ipv6() {
        return;
    }
    let free = TcpListener::bind("[::]:0").unwrap().local_addr().unwrap().port();
    let wanted = [format!("0.0.0.0:{free}").parse().unwrap(), format!("[::]:{free}").parse().unwrap()];
    let rows = Listener::bind_all(&wanted, 2).unwrap();
    assert_eq!(rows.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2]);
}

#[test]
fn the_unspecified_ipv6_address_takes_ipv4_connections() {
    if !littoral_runtime::host::has_ipv6() {
        return;
    }
    let listeners = Listener::bind("[::]:0".parse().unwrap(), 1).unwrap();
    TcpStream::connect(loopback(listeners[0].address().port())).unwrap();
}

#[test]
fn a_socket_handed_to_a_successor_keeps_the_connections_in_its_queue() {
    let listeners = Listener::bind(loopback(0), 2).unwrap();
    let address = listeners[0].address();
    let mut client = TcpStream::connect(address).unwrap();
    client.write_all(b"early").unwrap();

    let (ours, theirs) = UnixStream::pair().unwrap();
    listener::send(&ours, &listeners).unwrap();
    drop(listeners);
    let received = listener::receive(&theirs).unwrap();
    assert_eq!(received.iter().map(Listener::address).collect::<Vec<_>>(), [address; 2]);

    let queued: Vec<_> = received
        .into_iter()
        .filter_map(|one| {
            let one = one.into_std();
            one.accept().ok()
        })
        .collect();
    let [(mut connection, _)] = queued.try_into().expect("the connection is in one of the queues");
    connection.set_nonblocking(false).unwrap();
    let mut early = [0; 5];
    connection.read_exact(&mut early).unwrap();
    assert_eq!(&early, b"early");
}

#[test]
fn something_else_on_the_handover_socket_is_refused() {
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    ours.write_all(b"GET ").unwrap();
    assert!(listener::receive(&theirs).unwrap_err().to_string().contains("another protocol"));
}

#[test]
fn nothing_is_inherited_from_a_service_manager_that_meant_another_process() {
    assert!(listener::inherited().unwrap().is_empty());
}
