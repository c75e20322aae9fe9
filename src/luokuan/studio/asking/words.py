"""What the fields of briefs are called, for people: a label and a sentence of help each, and words for choices."""

from __future__ import annotations

from luokuan.i18n import _


def field_words(name: str, kind: str) -> tuple[str, str]:
    """Label and help of a field; of one that isn't known here its name, so that new kinds work without this file."""
    own = _of_kind(kind).get(name)
    found = own or _shared().get(name)
    return found or (name.rpartition(".")[2].replace("_", " "), "")


def _of_kind(kind: str) -> dict[str, tuple[str, str]]:
    if kind == "create.image":
        return {"brief": (_("What to make"), _("In words, such as 'a dress'; empty: as it comes."))}
    if kind == "create.verse":
        return {
            "title": (_("Title"), _("In simplified characters; empty: the model's choice.")),
            "form": (_("Form"), _("五绝, 七绝, 五律, 七律, or a tune such as 如梦令.")),
            "count": (_("How many"), ""),
        }
    if kind == "create.copy":
        return {
            "attributes": (_("Facts"), _("One a line, such as 'memory: 8 GB'.")),
            "form": (_("Form"), ""),
            "length": (_("Length"), _("Most words (en) or characters (zh); default: as the form has.")),
            "among": (_("Drafts"), _("Drafts from which each piece is picked.")),
        }
    if kind == "create.sentences":
        return {
            "sentence": (_("A sentence"), _("From which to start; empty: new ones.")),
            "toward": (
                _("Towards another sentence"),
                _("The text leads from the one to the other, a sentence a line."),
            ),
            "steps": (_("Sentences on the way"), _("With both ends.")),
            "noise": (
                _("How far from it"),
                _("0: as near as the model comes, 1: one of its kind and length (default)."),
            ),
            "attributes": (_("What to change"), _("One a line and by how much, such as 'length: 1.5'.")),
            "temperature": (_("Temperature"), _("Below 1: more probable; 0: always the likeliest.")),
            "top_p": (_("Their probability"), _("Only the likeliest words with this probability together.")),
        }
    if kind == "create.music":
        return {
            "bars": (_("Bars"), _("Melodies have always two.")),
            "mode": (_("Mode"), ""),
            "density": (_("Notes"), _("The middle one is for language models.")),
            "tempo": (_("Tempo"), _("Quarter notes a minute.")),
            "key": (_("Musical key"), _("Language models: such as A minor or Bb major.")),
            "go_on": (_("A piece that goes on"), _("Language models: a MIDI file of the library; bars are added.")),
            "accompany": (_("A melody to accompany"), _("Language models: a MIDI file of the library.")),
            "infill": (_("A piece with a gap"), _("Language models: some of its bars are written anew.")),
            "from_bar": (_("From bar"), _("The first bar that is written anew.")),
            "to_bar": (_("To bar"), _("The last bar that is written anew.")),
            "like": (_("A piece to vary"), _("A MIDI file of the library.")),
            "noise": (_("How much changes"), _("0 keeps the piece, 1 goes farthest; default: 0.4.")),
            "start": (_("From this piece"), _("A MIDI file of the library, from which a way leads.")),
            "to": (_("To that piece"), _("A MIDI file of the library, to which it leads.")),
            "steps": (_("Pieces on the way"), _("With both ends.")),
            "strip": (_("The way in one work"), _("One piece after the other.")),
            "temperature": (_("Temperature"), _("Below 1: more probable; 0: always the likeliest.")),
            "truncation": (_("Truncation"), _("Below 1: more typical, less varied.")),
            "synthesiser": (_("Instruments"), _("For sounds.")),
            "format": (_("Format"), _("As PNG it is the piano-roll.")),
        }
    if kind == "create.translation":
        return {
            "text": (_("Text"), _("What is to be translated; or choose a text of the library below.")),
            "to": (_("Into"), _("A language, such as zh or en.")),
            "file": (_("A text of the library"), _("Its labels and credentials are carried on.")),
            "length": (_("Length"), _("Above 1 prefers longer sentences, below 1 shorter ones.")),
        }
    if kind == "create.enlargement":
        return {
            "model": (_("Upscaler"), ""),
            "file": (_("A picture of the library"), ""),
            "licence": (_("Licence"), _("Licence of the picture, such as CC-BY-4.0 or own.")),
        }
    if kind == "create.presenter":
        return {
            "model": (_("Drawing"), ""),
            "text": (_("Text"), _("What to say, Chinese or English or both.")),
            "portrait": (_("Portrait"), _("One a line, such as 'hair: long'; the seed draws the rest.")),
            "portrait_file": (_("A portrait of the library"), _("A picture that is to speak, instead of the drawing.")),
            "mouth": (
                _("Where its mouth is"),
                _("Middle from the left and from above, and width, as shares: three lines."),
            ),
            "background": (_("Background"), _("A colour, such as #dde6f0; empty: the seed draws one.")),
            "background_file": (_("A background of the library"), ""),
            "licence": (_("Licence"), _("Licence of the given pictures, such as CC-BY-4.0 or own.")),
            "title": (_("Name"), _("Stands in the lower third.")),
            "subtitle": (_("Below the name"), ""),
            "aspect": (_("Shape"), ""),
            "size": (_("Size"), _("Shortest side in pixels.")),
            "fps": (_("Frames a second"), ""),
            "captions": (_("Captions in the picture"), _("Captions as a file lie beside the clip in any case.")),
        }
    if kind == "create.video":
        return {
            "storyboard": (_("Storyboard"), _("YAML: scenes with background, characters, speech; files as work:ID.")),
            "aspect": (_("Shape"), _("Empty: as the storyboard says.")),
            "size": (_("Size"), _("Shortest side in pixels; empty: as the storyboard says.")),
            "fps": (_("Frames a second"), _("Empty: as the storyboard says.")),
        }
    if kind == "create.effect":
        return {
            "file": (_("A picture or clip of the library"), _("Its labels and credentials are carried on.")),
            "effect": (_("Effect"), ""),
            "of": (_("What falls or flies"), _("With particles.")),
            "strength": (_("Strength"), _("0 to 1.")),
            "toward": (_("The other picture"), _("With a morph, that whose style is taken, or a new background.")),
            "background": (_("Background"), _("A colour such as #dde6f0, or hills, sea, night, city or room.")),
            "inside": (
                _("What stays"),
                _("A box around it, as shares of the picture: left, top, width and height, four lines."),
            ),
            "codec": (_("Codec"), _("Through whose latents a morph goes (default: the starter).")),
            "seconds": (_("Seconds"), _("Of a clip made of a picture (default: 4).")),
            "fps": (_("Frames a second"), _("Of a clip made of a picture (default: 12).")),
            "size": (_("Size"), _("Shortest side in pixels, of a clip made of a picture (default: 512).")),
            "licence": (_("Licence"), _("Licence of the given files, such as CC-BY-4.0 or own.")),
            "format": (
                _("Format"),
                _("Automatic: a picture stays one with a style or a background; everything else is an MP4."),
            ),
        }
    return _moving_or_heard(kind)


def _moving_or_heard(kind: str) -> dict[str, tuple[str, str]]:
    if kind == "create.clip":
        return {
            "brief": (_("What is to be seen"), _("Such as: walk south, leather cap. Empty: as it comes.")),
            "fps": (_("Frames a second"), _("Default: as the model's corpus.")),
            "loops": (_("Repetitions"), _("How often it is shown (default: for about 4 seconds).")),
            "size": (_("Size"), _("Its side in pixels at least; pixels become squares.")),
            "temperature": (_("Temperature"), _("Below 1: more probable.")),
        }
    if kind == "create.sound":
        return {
            "category": (_("What is to be heard"), _("A category of the model, such as rain; empty: as it comes.")),
            "seconds": (_("Length"), _("In seconds, 0.1 to 120.")),
            "loop": (_("A loop"), _("The end goes over into the beginning, without a seam.")),
            "copies": (
                _("Near copies"),
                _("Also categories of which so few clips were learnt that nearly one comes back."),
            ),
            "temperature": (_("Temperature"), _("Below 1: more probable.")),
        }
    if kind == "create.speech":
        return {
            "text": (_("Text"), _("What to say, Chinese or English or both.")),
            "model": (_("Trained voice"), _("A voice of one's own, which then speaks its language; empty: none.")),
        }
    return {}


def _shared() -> dict[str, tuple[str, str]]:
    return {
        "model": (_("Model"), ""),
        "seed": (_("Seed"), _("The same seed makes the same again; empty: drawn by chance.")),
        "label": (_("Language of the label"), _("Every work says that AI made it.")),
        "policy": (_("Rules for the label"), _("Whose rules the label must meet.")),
        "count": (_("How many"), ""),
        "format": (_("Format"), ""),
        "corner": (_("Corner of the label"), ""),
        "class_name": (_("Class"), _("Class to make, by its name.")),
        "attributes": (_("Attributes"), _("For models with attributes; one a line, such as 'hair: black'.")),
        "like": (_("Start from a picture"), _("A picture of which to make variations.")),
        "strength": (_("How much changes"), _("0 keeps the picture, 1 makes it anew; default: 0.5.")),
        "guidance": (
            _("Guidance"),
            _("How strongly words, attributes or the class draw (default: the model's)."),
        ),
        "truncation": (_("Truncation"), _("Below 1: more typical, less varied (default: the model's).")),
        "among": (_("Drafts"), _("Drafts from which the model's critic picks each picture (default: 4).")),
        "toward": (_("Towards another seed"), _("The pictures lead from one seed to the other, step by step.")),
        "strip": (_("The way in one picture"), _("With another seed: the whole way side by side.")),
        "upscale": (_("Make larger"), _("2 or 4: many times larger first, if it beats interpolation.")),
        "upscaler": (_("Upscaler"), _("Which upscaler (default: the starter upscaler).")),
        "enlarge": (_("How small pictures grow"), ""),
        "prompt": (_("Prompt"), _("How the text begins, or what is asked; may be empty.")),
        "system": (_("Instruction"), _("What a chat model is told first.")),
        "raw": (_("Go on with the prompt"), _("Also with a model that answers.")),
        "watermark": (_("Watermark"), _("Whether the choice of words carries this home's mark.")),
        "product": (_("Product"), _("The product's name, as it is to be written.")),
        "language": (_("Language"), ""),
        "audience": (_("Audience"), _("Who is to read it.")),
        "tone": (_("Tone"), _("How it is to sound.")),
        "must": (_("Words that must stand in it"), _("One a line.")),
        "must_not": (_("Words that mustn't stand in it"), _("One a line.")),
        "first_line": (_("First line"), _("How it begins, without marks.")),
        "heads": (_("First characters"), _("First characters of its lines (藏头), as many as are wished.")),
        "rhyme": (_("Rhyme"), _("A character of the rhyme, such as 东.")),
        "tones": (_("Keep the tones"), _("Of regular verse.")),
        "start": (_("From"), _("The text's own language, where the model knows several; empty: as the model has it.")),
        "beams": (_("Beams"), _("Ways that are followed at once: more take longer.")),
        "text": (_("Text"), ""),
        "voice": (_("Voice"), ""),
        "voices": (
            _("Voices"),
            _("Names, one a line, of trained voices, too; at most one a language; empty: the first of each."),
        ),
        "rate": (_("Rate"), _("1: as fast as the voice speaks.")),
        "pitch": (_("Pitch"), _("In semitones.")),
        "by": (_("How many times as large"), ""),
        "file": (_("A work of the library"), ""),
        "drawing.temperature": (_("Temperature"), _("Below 1: more probable; 0: always the likeliest.")),
        "drawing.top_k": (_("Likeliest tokens"), _("Only so many of the likeliest tokens; 0: all.")),
        "drawing.top_p": (_("Their probability"), _("Only the likeliest tokens with this probability together.")),
        "drawing.min_p": (_("Least share"), _("Only tokens with this share of the likeliest one's probability.")),
        "drawing.repetition_penalty": (
            _("Against repetition"),
            _("Above 1: tokens that the text already holds become unlikelier."),
        ),
        "drawing.max_tokens": (_("Length"), _("Most tokens to write, the prompt's not counted.")),
        "drawing.stop": (_("Where to end"), _("Texts before which to end; one a line.")),
    }


def choice_word(name: str, value: object) -> str:
    """A value that a field may have, for people."""
    words: dict[str, dict[object, str]] = {
        "label": {"cn": _("Chinese"), "en": _("English"), "both": _("both")},
        "policy": {"cn": _("China"), "eu": _("European Union"), "both": _("both")},
        "language": {"": _("as the brief"), "en": _("English"), "zh": _("Chinese")},
        "corner": {
            "top-left": _("top left"),
            "top-right": _("top right"),
            "bottom-left": _("bottom left"),
            "bottom-right": _("bottom right"),
        },
        "mode": {"major": _("major"), "minor": _("minor")},
        "density": {"low": _("few"), "medium": _("not too many"), "high": _("many")},
        "synthesiser": {"system": _("the machine's, if it has some"), "built-in": _("built-in")},
        "enlarge": {"lanczos": _("smooth"), "nearest": _("with hard pixels")},
        "form": {
            "ad": _("advertisement"),
            "description": _("description"),
            "news": _("news"),
            "slogan": _("slogan"),
            "post": _("post"),
        },
        "format": {
            "image/png": "PNG",
            "image/jpeg": "JPEG",
            "image/webp": "WebP",
            "image/svg+xml": _("sheet music (SVG)"),
            "application/pdf": _("sheet music (PDF)"),
            "application/vnd.recordare.musicxml+xml": _("sheet music (MusicXML)"),
            "text/plain": _("plain text"),
            "text/markdown": "Markdown",
            "application/json": "JSON",
            "text/html": "HTML",
            "audio/midi": "MIDI",
            "audio/wav": "WAV",
            "audio/flac": "FLAC",
            "audio/mpeg": "MP3",
            "audio/ogg": "Ogg Vorbis",
            "audio/ogg; codecs=opus": "Ogg Opus",
            "audio/mp4": "AAC (M4A)",
            "video/mp4": "MP4",
            "video/webm": "WebM",
        },
        "effect": {
            "zoom": _("slow zoom"),
            "shake": _("held in the hand"),
            "fade": _("fade in and out"),
            "particles": _("particles"),
            "glitch": _("glitch"),
            "grain": _("film grain"),
            "morph": _("morph"),
            "style": _("style of another picture"),
            "background": _("another background"),
        },
        "of": {"snow": _("snow"), "petals": _("petals"), "sparks": _("sparks"), "rain": _("rain")},
        "upscale": {2: "2 ×", 4: "4 ×"},
        "by": {2: "2 ×", 4: "4 ×"},
    }
    return words.get(name, {}).get(value, str(value))
