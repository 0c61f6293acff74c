"""Safe reading of XML files: no document types, no entities."""

from collections.abc import Iterator
from typing import Any

from mmdet_mal.utils.errors import UserError


def read_xml(path: str) -> Any:
    """Parse an XML file.

    Args:
        path: The file.

    Returns:
        Its root, an ``xml.etree.ElementTree.Element``.

    Raises:
        UserError: If it cannot be read, is not XML, or has a document type or
            entities, which may read other files or fill the memory.
    """
    root = None
    for _, element in iterate_xml(path, ('end', )):
        root = element
    return root


def iterate_xml(path: str, events: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """Read an XML file as a stream; errors as :func:`read_xml`.

    Yields:
        Event and element, as ``xml.etree.ElementTree.iterparse`` does.
    """
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import iterparse
    try:
        with open(path, 'rb') as file:
            yield from iterparse(file, events=events, forbid_dtd=True)
    except OSError as error:
        raise UserError(f'{path}: cannot be read: {error.strerror}') from None
    except (ParseError, LookupError, ValueError) as error:
        # ValueError: DefusedXmlException, and an encoding of several bytes.
        if isinstance(error, DefusedXmlException):
            raise UserError(
                f'{path}: has a document type or entities, which are not read, '
                'as they may do harm; remove <!DOCTYPE …> from it') from None
        raise UserError(f'{path}: is not valid XML: {error}; it may be cut off, '
                        'export it again') from None


def root_tag(path: str) -> str:
    """Name of the root of an XML file; '' if it is none or cannot be read."""
    try:
        for _, element in iterate_xml(path, ('start', )):
            return element.tag
    except UserError:
        pass
    return ''
