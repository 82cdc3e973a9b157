using System.Globalization;
using System.Net;

namespace Warren.Broker;

/// <summary>Reads the addresses of the options.</summary>
internal static class ListenAddress
{
    /// <summary>The end point that <paramref name="text"/> names; false when it names none.</summary>
    public static bool TryParse(string? text, out IPEndPoint endPoint)
    {
        endPoint = new(IPAddress.Loopback, 0);
        var colon = text?.LastIndexOf(':') ?? -1;
        if (colon <= 0 || !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port))
            return false;

        var host = text![..colon];
        IPAddress? address;
        switch (host)
        {
            case "localhost":
                address = IPAddress.Loopback;
                break;
            case "*":
                address = IPAddress.IPv6Any;
                break;
            default:
                // An IPv6 address without brackets would leave open where it ends.
                if (host.Contains(':', StringComparison.Ordinal) != host.StartsWith('[') || !IPAddress.TryParse(host, out address))
                    return false;
                break;
        }

        endPoint = new(address, port);
        return true;
    }

    /// <summary>The address a client of this machine reaches a listener by.</summary>
    public static IPEndPoint Reachable(IPEndPoint endPoint) =>
        endPoint.Address.Equals(IPAddress.Any) || endPoint.Address.Equals(IPAddress.IPv6Any) ? new(IPAddress.Loopback, endPoint.Port) : endPoint;
}
