"""Names as people in many countries write them, for showing that no file is misread in silence."""

NAMES = {
    "PL": (
        "Łukasz Wiśniewski|Małgorzata Dąbrowska|Zbigniew Kowalski|Agnieszka Wójcik|Jędrzej "
        "Żuławski|Świętosław Głąb|Stanisław Gałązka|Bożena Źrebiec|Grażyna Łęcka|Paweł "
        "Kozłowski|Michał Jankowski|Józef Nowak|Róża Zając|Włodzimierz Krawczyk|Żaneta "
        "Piątek|Łucja Bąk|Ździsław Dżaman|Błażej Gołąb|Krzysztof Śliwiński|Zdzisława Pióro"
    ),
    "CZ": (
        "Jiří Dvořák|Tomáš Novotný|Božena Němcová|Václav Černý|Kateřina Růžičková|Ondřej Šťastný|"
        "Zdeněk Procházka|Ľubomír Žák|Lukáš Svoboda|Růžena Křížová|Miloš Kučera"
    ),
    "SK": (
        "Ján Kováč|Ľudmila Horváthová|Peter Ružička|Štefan Ďurica|Božena Vŕbová|Tomáš "
        "Hruška|Mária Tóthová|Katarína Šimková|Žofia Lišková|Ľuboš Kľúčik"
    ),
    "HU": (
        "Ferenc Kőszegi|Gyöngyi Szabó|László Szűcs|Erzsébet Győri|Ödön Fűrész|István Nagy|Zsófia "
        "Dömötör|Béla Bartók"
    ),
    "RO": (
        "Ștefan Țurcanu|Ioana Bălan|Cătălin Brânză|Mihăiță Pârvu|Mărioara Șerban|Gheorghe "
        "Fântână|Răzvan Țăranu"
    ),
    "HR": (
        "Željko Đurđević|Tomislav Šimić|Anđela Čović|Marko Žagar|Ivana Ćosić|Boško Božić|Saša "
        "Vučković|Luka Babić"
    ),
    "RS": "Ђорђе Петровић|Љиљана Јовановић|Жељко Ђурић|Његош Шћекић|Милица Нешић|Драган "
    "Стојковић|Ана Ћирић",
    "UA": (
        "Сергій Ковальчук|Олена Їжакевич|Ґалина Шевченко|Євген Щербак|Андрій Мельник|Юлія "
        "Бондаренко|Тарас Гнатюк|Наталія Кравець|Яна Ґудзь|Ігор Пилипенко|Зоя Дячук|Остап "
        "Чорновіл|Людмила Цимбал|Михайло Юрченко"
    ),
    "RU": "Сергей Ёлкин|Наталья Юдина|Алексей Щукин|Ольга Зайцева|Дмитрий Соколов|Пётр Быков|Анна "
    "Фёдорова",
    "BG": (
        "Георги Димитров|Здравка Ангелова|Христо Стоичков|Юлия Петрова|Цветелина Янева|Стоян Щерев"
    ),
    "GR": (
        "Γιώργος Παπαδόπουλος|Ελένη Οικονόμου|Άννα Ιωάννου|Όθων Ξανθόπουλος|Έλλη Ψαρρού|Νίκος "
        "Βασιλείου|Μαΐρη Αϊβαλιώτη|Αθηνά Κωνσταντίνου|Δημήτρης Γεωργίου|Χρήστος Σταματόπουλος|Ζωή "
        "Παππά|Ήβη Αγγελίδου|Θεοδώρα Μαυρίδη"
    ),
    "TR": (
        "Gökçe Şahin|İbrahim Yıldız|Oğuzhan Çağlar|Ayşe Güneş|Işıl Öztürk|Ümit Kılıç|Şükrü "
        "Doğan|Çiğdem Aydın|Hüseyin Yılmaz|Gülşen Kaçar|Uğur Ateş|Nazlı Köseoğlu|İrem "
        "Sağlam|Barış Tunç"
    ),
    "EG": (
        "محمد عبد الرحمن|علي حسن|فاطمة الزهراء|أحمد إبراهيم|مريم يوسف|خالد سليمان|ليلى مصطفى|ياسر "
        "قاسم"
    ),
    "SD": "محمد عبد الرحمن|علي حسن|فاطمة الزهراء|أحمد إبراهيم|مريم يوسف|خالد سليمان",
    "LV": (
        "Jānis Bērziņš|Ilze Kļaviņa|Andris Liepiņš|Guntars Šķēle|Ģirts Žagars|Līga "
        "Ozoliņa|Mārtiņš Čakste|Ķencis Ēriks"
    ),
    "LT": (
        "Jonas Šimkus|Rūta Žukauskaitė|Vytautas Čepaitis|Ąžuolas Griškevičius|Eglė "
        "Jonaitytė|Žygimantas Ūsas|Kęstutis Bagdonavičius"
    ),
    "EE": "Jüri Õunapuu|Tõnu Mägi|Žanna Šmidt|Külli Sööt|Ülle Põder|Märt Kõiv",
    "VN": (
        "Nguyễn Văn Hùng|Trần Thị Hạnh|Đặng Quốc Việt|Lê Hồng Phượng|Phạm Đình Thắng|Võ Nguyên "
        "Giáp|Huỳnh Ngọc Ẩn"
    ),
    "CH": (
        "René Müller|Zoë Lefèvre|Jürg Zürcher|François Béguin|Hélène Gämperli|Björn "
        "Äschbacher|Göran Ötztal|Noël Sautér"
    ),
    "FR": (
        "Étienne N’Diaye|Hélène Lefèvre|François Noël|Zoé Béranger|Anaïs Lacôte|Cœur "
        "Œuvrard|Jérôme Desprès|Loïc Gaëtan"
    ),
    "SN": (
        "Aïssatou Ndèye|Étienne N’Diaye|Aminata Sène|Cheikh Béye|Élisabeth Diémé|Thérèse "
        "Faÿe|Néné Gallé|Souleymane Séga"
    ),
    "PT": "João Conceição|Inês Guimarães|Antônio Simões|Luís Araújo|Márcia Magalhães|Sebastião "
    "Assunção",
    "ES": "José Muñoz|María Núñez|Íñigo Ibáñez|Ángel Peña|Begoña Yáñez|Raúl Agüero",
    "PE": "Ñusta Quispe|José Ñahui|Inés Huamán|César Núñez",
    "IS": "Þóra Ýmisdóttir|Ýmir Björnsson|Guðrún Þórðardóttir|Örn Ægisson|Jón Sigurðsson|Ásdís "
    "Hjálmarsdóttir",
    "DE": (
        "Jürgen Groß|Käthe Müller|Björn Weiß|Sören Schröder|Jörg Vögele|Ännchen Öhler|Günther Übel"
    ),
    "SE": "Åsa Öberg|Göran Åkesson|Märta Sjöström|Håkan Lindén|Björn Ångström",
    "NO": "Øystein Sørlie|Åse Bjørnstad|Kåre Mæland|Bjørn Ødegård|Pål Grønnæs",
    "IE": "Séamus Ó Briain|Máire Ní Bhriain|Róisín Ó’Súilleabháin|Pádraig Mac Giolla",
    "AL": "Gëzim Çela|Përparim Hoxha|Shpëtim Rëmbeci|Çlirim Gjoni",
    "CA": "Zoë Lefèvre|Étienne Côté|Hélène Bélanger|François Lévesque",
    "IL": "משה כהן|שרה לוי|יוסף מזרחי|רחל פרץ|דוד ביטון",
    "SI": "Žiga Črnič|Špela Žnidaršič|Matjaž Kočevar|Urška Šuštar",
    "BY": "Уладзімір Быкаў|Алёна Шаўчук|Сяргей Чыж",
    "MK": "Ѓорѓи Ќосев|Љупчо Џамбазов|Снежана Јовевска",
    "MA": "Zoé Benjelloun|محمد العلوي|فاطمة بنعلي|أمين الإدريسي",
    "TD": "Désiré Ngarléjy|محمد إدريس|خديجة آدم",
    "FI": "Väinö Hämäläinen|Päivi Mäkelä|Örjan Åberg",
    "DK": "Søren Kjær|Mette Bæk|Jørgen Ørsted",
    "NL": "Renée Daniël|Zoë Coëlho",
    "BR": "Conceição Gonçalves|Antônio Brandão|Vitória Mourão",
    "MX": "Begoña Zúñiga|Jesús Peñaloza|Mónica Ibáñez",
}
