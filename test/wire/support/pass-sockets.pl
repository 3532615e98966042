#!/usr/bin/perl
# What systemd does for a service with socket units (sd_listen_fds(3)): opens the sockets, then becomes the service.
# In Perl, because Node can neither bind a socket to a device nor start a program in its own place.
# Usage: pass-sockets.pl NAME,TYPE,ADDRESS,PORT,DEVICE... -- PROGRAM ARGUMENTS...   (DEVICE may be empty)
use strict;
use warnings;
use Fcntl;
use POSIX ();
use Socket;

my $SO_BINDTODEVICE = 25;
my (@names, @sockets);
while (defined(my $spec = shift)) {
    last if $spec eq '--';
    my ($name, $type, $address, $port, $device) = split /,/, $spec, -1;
    socket(my $socket, PF_INET, $type eq 'stream' ? SOCK_STREAM : SOCK_DGRAM, 0) or die "socket: $!";
    setsockopt($socket, SOL_SOCKET, SO_REUSEADDR, 1) or die "SO_REUSEADDR: $!";
    if ($device ne '') {
        setsockopt($socket, SOL_SOCKET, $SO_BINDTODEVICE, "$device\0") or die "SO_BINDTODEVICE: $!";
        setsockopt($socket, SOL_SOCKET, SO_BROADCAST, 1) or die "SO_BROADCAST: $!";
    }
    bind($socket, pack_sockaddr_in($port, inet_aton($address))) or die "bind $name: $!";
    if ($type eq 'stream') { listen($socket, 511) or die "listen $name: $!" }
    push @names, $name;
    push @sockets, $socket;
}
# Out of the way first, so that none is overwritten by another's final number.
my @parked = map { fcntl($_, F_DUPFD, 50) or die "F_DUPFD: $!" } @sockets;
POSIX::dup2($parked[$_], 3 + $_) for 0 .. $#parked;
POSIX::close($_) for @parked;
@ENV{qw(LISTEN_FDS LISTEN_FDNAMES LISTEN_PID)} = (scalar(@names), join(':', @names), $$);
exec { $ARGV[0] } @ARGV or die "exec $ARGV[0]: $!";
