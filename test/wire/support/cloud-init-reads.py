# What Debian's own cloud-init makes of a seed: fetched by its NoCloud data source from what the kernel's command line
# says, its documents held against its own schema, its network-config drawn by its own renderers; then it reports and phones
# home as the vendor-data tells it. Prints one JSON object; `failed` where cloud-init would come up without a data source.
# Time is the test's: what it would sleep is asked of the site.
# Arguments: the folder for what it writes; the address that time passes at; the serial number of the machine; a JSON
# object with the names of the machine's network cards by MAC address.
import inspect
import json
import sys
import urllib.request
from unittest import mock

from cloudinit import cloud, dmi, helpers, net, reporting, url_helper, util, version
from cloudinit.config import cc_phone_home
from cloudinit.config.schema import get_schema, validate_cloudconfig_schema
from cloudinit.net import eni, netplan, network_state
from cloudinit.reporting import events
from cloudinit.sources import DataSourceNoCloud

folder, time_url, serial, nic_names = sys.argv[1], sys.argv[2], sys.argv[3], json.loads(sys.argv[4])
slept = []


def sleep(seconds):
    slept.append(seconds)
    urllib.request.urlopen(f"{time_url}/{seconds * 1000:.0f}", timeout=10).close()


def read_seed(paths):
    """The data source as it comes up in the stage with a network."""
    source = DataSourceNoCloud.DataSourceNoCloudNet({}, None, paths)
    # From 23.1 on it looks first whether the command line names it.
    find = getattr(source, "_check_and_get_data", source._get_data)
    return source if find() else None


def checked(raw):
    """A #cloud-config as cloud-init loads it; ends the program where its schema refuses something."""
    text = util.decode_binary(raw)
    if not text.startswith("#cloud-config\n"):
        return None
    config = util.load_yaml(text)
    validate_cloudconfig_schema(config, get_schema(), strict=True)
    return config


def drawn(config):
    """network-config as it is given to netplan and to ifupdown."""
    with mock.patch.object(network_state, "get_interfaces_by_mac", return_value=nic_names), mock.patch.object(
        net, "get_interfaces_by_mac", return_value=nic_names
    ):
        state = network_state.parse_net_config_data(config)
    return {
        "netplan": util.load_yaml(netplan.Renderer({})._render_content(state)),
        "interfaces": eni.Renderer()._render_interfaces(state),
    }


def report_and_phone_home(config, source, paths):
    """What the last stage does with the vendor-data, in its order: its own last report comes after the phone-home."""
    reporting.update_configuration(config["reporting"])
    stage = events.ReportEventStack("modules-final", "running modules for final", reporting_enabled=True)
    with stage:
        system = cloud.Cloud(source, paths, {}, None, None)
        log = [mock.Mock()] if "log" in inspect.signature(cc_phone_home.handle).parameters else []
        cc_phone_home.handle("phone_home", config, system, *log, [])
    reporting.flush_events()


def read_all():
    paths = helpers.Paths({"cloud_dir": folder, "run_dir": folder})
    try:
        source = read_seed(paths)
    except url_helper.UrlError as error:
        return {"failed": f"{error.code} {error.url}"}
    if source is None:
        return {"failed": "no seed"}
    fetched = source.network_config
    with urllib.request.urlopen(f"{source.metadata['seedfrom'].rstrip('/')}/network-config", timeout=10) as answer:
        network = fetched if fetched is not None else util.load_yaml(answer.read().decode())
    vendor = checked(source.vendordata_raw)
    if vendor:
        report_and_phone_home(vendor, source, paths)
    return {
        "instanceId": source.get_instance_id(),
        "metaData": source.metadata,
        "userData": checked(source.get_userdata_raw()),
        "vendorData": vendor,
        "fetchedNetwork": fetched is not None,
        "network": drawn(network),
    }


with mock.patch.object(url_helper.time, "sleep", sleep), mock.patch.object(
    dmi, "read_dmi_data", lambda key: serial if key == "system-serial-number" and serial else None
):
    read = read_all()
print(json.dumps({"version": version.version_string(), "slept": slept, **read}))
