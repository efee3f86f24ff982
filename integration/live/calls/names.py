"""Questions to a name server."""

import socket

from calls.record import call, host


def dns(port, numbers):
    import dns.message
    import dns.query
    import dns.rcode

    def ask(name):
        answer = dns.query.udp(dns.message.make_query(name, "A"), host, port=port, timeout=10)
        return None if answer.rcode() == 0 else dns.rcode.to_text(answer.rcode())

    for number in numbers:
        name = f"call-{number}.test" if number % 2 == 0 else f"call-{number}.invalid-name"
        call("A", name, lambda: ask(name))


def dns_tcp(port, numbers):
    import dns.message
    import dns.query
    import dns.rcode

    with socket.create_connection((host, port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def ask(name):
            answer = dns.query.tcp(dns.message.make_query(name, "A"), host, timeout=10, sock=connection)
            return None if answer.rcode() == 0 else dns.rcode.to_text(answer.rcode())

        for number in numbers:
            name = f"call-{number}.test" if number % 2 == 0 else f"call-{number}.invalid-name"
            call("A", name, lambda: ask(name))
