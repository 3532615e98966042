# What Debian's own cloud-init makes of a seed: fetched by its NoCloud data source, its documents held against its own
# schema, its network-config drawn by its own renderers. Prints one JSON object; fails where cloud-init would.
# Arguments: the URL of the seed; a JSON object with the names of the machine's network cards by MAC address.
import json
import sys
import tempfile
import urllib.request
from unittest import mock

from cloudinit import dmi, helpers, net, util
from cloudinit.config.schema import get_schema, validate_cloudconfig_schema
from cloudinit.net import eni, netplan, network_state
from cloudinit.sources import DataSourceNoCloud


def read_seed(url):
    """The data source as it comes up on a machine with this seed on its kernel's command line."""
    with tempfile.TemporaryDirectory() as folder:
        paths = helpers.Paths({"cloud_dir": folder, "run_dir": folder})
        with mock.patch.object(util, "get_cmdline", return_value=f"quiet ds=nocloud-net;s={url}"), mock.patch.object(
            dmi, "read_dmi_data", return_value=None
        ):
            source = DataSourceNoCloud.DataSourceNoCloudNet({}, None, paths)
            if not source._get_data():
                sys.exit("cloud-init found no seed")
        return source


def checked(raw):
    """A #cloud-config as cloud-init loads it; ends the program where its schema refuses something."""
    text = util.decode_binary(raw)
    if not text.startswith("#cloud-config\n"):
        sys.exit(f"not a #cloud-config: {text[:80]}")
    config = util.load_yaml(text)
    validate_cloudconfig_schema(config, get_schema(), strict=True)
    return config


def drawn(text, names):
    """network-config as the releases that fetch it (24.3 and later) give it to netplan and to ifupdown."""
    with mock.patch.object(network_state, "get_interfaces_by_mac", return_value=names), mock.patch.object(
        net, "get_interfaces_by_mac", return_value=names
    ):
        state = network_state.parse_net_config_data(util.load_yaml(text))
    return {
        "netplan": util.load_yaml(netplan.Renderer({})._render_content(state)),
        "interfaces": eni.Renderer()._render_interfaces(state),
    }


url, nic_names = sys.argv[1], json.loads(sys.argv[2])
source = read_seed(url)
with urllib.request.urlopen(f"{url}network-config", timeout=10) as answer:
    network = answer.read().decode()
print(
    json.dumps(
        {
            "instanceId": source.get_instance_id(),
            "metaData": source.metadata,
            "userData": checked(source.get_userdata_raw()),
            "vendorData": checked(source.vendordata_raw),
            "network": drawn(network, nic_names),
        }
    )
)
